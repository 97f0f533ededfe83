"""Repositories of others, fetched bare into a folder of ours and read from there."""

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.settings import Settings
from seedbed.taxonomy.git.command import (
    BLOCK,
    LONG,
    GitFailed,
    git,
    is_full_hash,
    is_revision,
    without_secret,
)
from seedbed.taxonomy.git.hosts import HostPolicy
from seedbed.taxonomy.git.origins import Origin, open_origin
from seedbed.taxonomy.git.repositories import Repository
from seedbed.taxonomy.git.revisions import resolve

_HEAD = "refs/seedbed/head"
_REFS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


class TooLarge(GitFailed):
    """A repository is more than may be fetched."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be fetched."""

    hosts: HostPolicy = field(default_factory=HostPolicy)
    # Whether callers may name folders of this machine, and hosts of the inside.
    trust_callers: bool = True
    repository_bytes: int = 2_000_000_000
    # That any caller may name.
    folders: tuple[Path, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> "Rules":
        """The rules by settings; hosts are parted by commas or spaces, folders by colons."""
        hosts = tuple(settings.internal_hosts.replace(",", " ").split())
        folders = tuple(Path(each) for each in settings.taxonomy_folders.split(":") if each)
        return cls(HostPolicy(hosts), settings.trust_callers, settings.repository_max_bytes, folders)

    def allow(self, path: Path) -> bool:
        """Whether callers may name a path of this machine."""
        real = path.resolve()
        return self.trust_callers or any(real.is_relative_to(folder.resolve()) for folder in self.folders)


class Mirrors:
    """Fetches each address at most once in its life, and remembers what failed."""

    def __init__(self, folder: Path, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self._folder = folder
        self._fetched: set[Path] = set()
        self._failed: dict[str, str] = {}

    def commit(
        self, address: str, revision: str, *, history: bool, trusted: bool = True
    ) -> tuple[Repository, str]:
        """The mirror, and the commit that a revision names there. Raises GitFailed.

        Without `history` one commit with its files is enough. An address that is not `trusted` comes from a
        stranger, and does not lead to hosts of the inside.
        """
        if revision and not is_revision(revision):
            raise GitFailed(f"`{revision}` is not a revision")
        if address in self._failed:
            raise GitFailed(self._failed[address])
        # What was fetched for one who may reach the inside is not there for one who may not.
        kind = f"{'all' if history else 'some'}{'' if trusted else ' untrusted'}"
        mirror = self._folder / sha256_hex(f"{address}\n{kind}")[:32]
        with _lock(mirror):
            if mirror not in self._fetched and not (is_full_hash(revision) and _has(mirror, revision)):
                self._bring(mirror, address, revision, history=history, trusted=trusted)
            repository = Repository.at(mirror)
            return repository, resolve(repository, re.sub(r"^(?:HEAD|@|)(?=$|[~^])", _HEAD, revision))

    def _bring(self, mirror: Path, address: str, revision: str, *, history: bool, trusted: bool) -> None:
        with contextlib.ExitStack() as held:
            try:
                origin = held.enter_context(open_origin(address, None if trusted else self.rules.hosts))
                # A server that is not there is known after seconds, not after a fetch's time.
                look = (*origin.options, "ls-remote", "--quiet", "--", origin.source, "HEAD")
                refs = git(mirror, *look, fetching=True)
            except GitFailed as failed:
                self._failed[address] = f"cannot reach {without_secret(address)}: {failed}"
                raise GitFailed(self._failed[address]) from failed
            _begin(mirror, refs)
            self._fetch(mirror, origin, revision, history=history)

    def _fetch(self, mirror: Path, origin: Origin, revision: str, *, history: bool) -> None:
        if is_full_hash(revision) and not history:
            try:
                self._pull(mirror, origin, revision, depth=1)
            except TooLarge:
                raise
            except GitFailed:
                pass  # Not every server gives a commit by its name.
            else:
                return
        try:
            self._pull(mirror, origin, f"+HEAD:{_HEAD}", *_REFS)
        except TooLarge:
            raise
        except GitFailed:
            # A repository whose HEAD names no branch still has its branches.
            self._pull(mirror, origin, *_REFS)
        self._fetched.add(mirror)

    def _pull(self, mirror: Path, origin: Origin, *what: str, depth: int = 0) -> None:
        room = self.rules.repository_bytes
        shallow = [f"--depth={depth}"] if depth else []
        options = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", *shallow]
        command = [*origin.options, "fetch", *options, "--", origin.source, *what]
        try:
            git(mirror, *command, timeout=LONG, room=room, fetching=True)
        except GitFailed as failed:
            # What git was writing when it was ended stays for ever otherwise.
            left = list((mirror / "objects" / "pack").glob("tmp_*"))
            full = any(each.stat().st_size >= room // BLOCK * BLOCK for each in left)
            for each in left:
                each.unlink()
            if full:
                limit = f"more than {room:,} bytes (SEEDBED_REPOSITORY_MAX_BYTES sets the limit)"
                raise TooLarge(f"{without_secret(origin.address)} has {limit}") from failed
            raise


def _has(mirror: Path, commit: str) -> bool:
    try:
        git(mirror, "cat-file", "-e", f"{commit}^{{commit}}")
    except GitFailed:
        return False
    return True


def _begin(mirror: Path, refs: bytes) -> None:
    """Make the mirror, where there is none, for the length of names that a repository uses."""
    if not (mirror / "HEAD").exists():
        form = "sha256" if re.match(rb"[0-9a-f]{64}\s", refs) else "sha1"
        git(mirror, "init", "--quiet", "--bare", "--template=", f"--object-format={form}")


def drop_mirrors(folder: Path, *, only_count: bool = False) -> int:
    """Remove every mirror there is, with all that was ever in it; the next import fetches anew."""
    found = [path.parent for path in folder.glob("*/HEAD")]
    for mirror in found if not only_count else ():
        with _lock(mirror):
            shutil.rmtree(mirror, ignore_errors=True)
    return len(found)


@contextlib.contextmanager
def _lock(mirror: Path) -> Iterator[None]:
    """Two processes never fetch into one mirror at once."""
    _close(mirror.parent)
    with mirror.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _close(folder: Path) -> None:
    """What a user's keys fetched is for that user alone, and git does what a mirror's configuration says."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise GitFailed(f"{folder} belongs to another user: repositories are not fetched into it")
    if found.st_mode & 0o077:
        folder.chmod(0o700)
