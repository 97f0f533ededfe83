"""A tree in a commit, read out of git's store."""

import re
from collections.abc import Sequence

from seedbed.taxonomy.git.command import GitFailed, is_revision, lines_of
from seedbed.taxonomy.git.repositories import Repository
from seedbed.taxonomy.trees.tree import Entry


class GitTree:
    """The files of a commit, or of a folder in it."""

    def __init__(self, repository: Repository, commit: str, prefix: str = "") -> None:
        self._repository = repository
        self.commit = commit
        self.entries: dict[str, Entry] = {}
        name = f"{commit}:{prefix.rstrip('/')}"
        for line in lines_of(repository.git("ls-tree", "-r", "-z", "-l", "--full-tree", name)):
            about, _, path = line.partition("\t")
            mode, _, blob, size = about.split()
            kind = {"100644": "file", "100755": "file", "100664": "file", "120000": "link"}.get(mode, "other")
            self.entries[path] = Entry(kind, int(size) if size.isdigit() else 0, blob)

    def read(self, path: str) -> bytes:
        return self._repository.git("cat-file", "blob", self.entries[path].blob, timeout=120)

    def read_many(self, paths: Sequence[str]) -> dict[str, bytes]:
        asked = "".join(f"{self.entries[path].blob}\n" for path in paths).encode()
        out = self._repository.git("cat-file", "--batch", data=asked, timeout=120) if paths else b""
        found: dict[str, bytes] = {}
        start = 0
        for path in paths:
            begin = out.index(b"\n", start) + 1
            about = out[start:begin].split()
            if len(about) < 3:
                raise self._repository.explain(GitFailed(f"the repository is damaged: {path} is missing"))
            end = begin + int(about[2])
            found[path] = out[begin:end]
            start = end + 1
        return found


def resolve(repository: Repository, revision: str) -> str:
    """The commit that a revision names in a repository. Raises GitFailed."""
    if not is_revision(revision):
        raise GitFailed(f"`{revision}` is not a revision")
    if re.search(r"@\{(u|upstream|push)\}", revision, re.IGNORECASE):
        raise GitFailed(
            f"what `{revision}` means is said by the repository's own configuration, which is not read: "
            "name the branch, such as origin/main"
        )
    try:
        out = repository.git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    except GitFailed as failed:
        if str(failed).startswith("not a git repository"):
            raise GitFailed("its git repository is damaged") from failed
        raise GitFailed(f"there is no commit `{revision}` in the repository") from failed
    return out.decode().strip()
