"""Repositories of others, fetched bare into a folder of ours and read from there."""

import contextlib
import fcntl
import re
from collections.abc import Iterator
from pathlib import Path

from seedbed.kernel.digest import sha256_hex
from seedbed.taxonomy.git import LONG, GitFailed, git, is_full_hash, is_revision, without_secret

_HEAD = "refs/seedbed/head"
_REFS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


class Mirrors:
    """Fetches each address at most once in its life, and remembers what failed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fetched: set[Path] = set()
        self._failed: dict[str, str] = {}

    def commit(self, address: str, revision: str, *, history: bool) -> tuple[Path, str]:
        """The mirror, and the commit that a revision names there. Raises GitFailed.

        Without `history` one commit with its files is enough.
        """
        if revision and not is_revision(revision):
            raise GitFailed(f"`{revision}` is not a revision")
        if address in self._failed:
            raise GitFailed(self._failed[address])
        mirror = self._folder / sha256_hex(f"{address}\n{'all' if history else 'some'}")[:32]
        with _lock(mirror):
            if not (mirror / "HEAD").exists():
                git(self._folder, "init", "--quiet", "--bare", "--template=", str(mirror))
            self._fetch(mirror, address, revision, history=history)
            return mirror, _resolve(mirror, revision)

    def _fetch(self, mirror: Path, address: str, revision: str, *, history: bool) -> None:
        if mirror in self._fetched or (is_full_hash(revision) and _has(mirror, revision)):
            return
        try:
            # A server that is not there is known after seconds, not after a fetch's time.
            git(mirror, "ls-remote", "--quiet", "--", address, "HEAD")
        except GitFailed as failed:
            self._failed[address] = f"cannot reach {without_secret(address)}: {failed}"
            raise GitFailed(self._failed[address]) from failed
        if is_full_hash(revision) and not history:
            with contextlib.suppress(GitFailed):
                _pull(mirror, address, revision, depth=1)
                return
        try:
            _pull(mirror, address, f"+HEAD:{_HEAD}", *_REFS)
        except GitFailed:
            # A repository whose HEAD names no branch still has its branches.
            _pull(mirror, address, *_REFS)
        self._fetched.add(mirror)


def _pull(mirror: Path, address: str, *what: str, depth: int = 0) -> None:
    shallow = [f"--depth={depth}"] if depth else []
    options = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", *shallow]
    git(mirror, "fetch", *options, "--", address, *what, timeout=LONG)


def _has(mirror: Path, commit: str) -> bool:
    try:
        git(mirror, "cat-file", "-e", f"{commit}^{{commit}}")
    except GitFailed:
        return False
    return True


def _resolve(mirror: Path, revision: str) -> str:
    return resolve(mirror, re.sub(r"^(?:HEAD|@|)(?=$|[~^])", _HEAD, revision))


def resolve(folder: Path, revision: str) -> str:
    """The commit that a revision names in a repository. Raises GitFailed."""
    if not is_revision(revision):
        raise GitFailed(f"`{revision}` is not a revision")
    try:
        out = git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    except GitFailed as failed:
        if "not a git repository" in str(failed):
            raise GitFailed("it stands in no git repository, so it has no revisions") from failed
        raise GitFailed(f"there is no commit `{revision}` in the repository") from failed
    return out.decode().strip()


@contextlib.contextmanager
def _lock(mirror: Path) -> Iterator[None]:
    """Two processes never fetch into one mirror at once."""
    mirror.parent.mkdir(parents=True, exist_ok=True)
    with mirror.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
