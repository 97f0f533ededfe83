"""A tree in a commit, read out of git's store."""

from collections.abc import Sequence
from pathlib import Path

from seedbed.taxonomy.git import GitFailed, git, lines_of
from seedbed.taxonomy.trees import Entry


class GitTree:
    """The files of a commit, or of a folder in it."""

    def __init__(self, folder: Path, commit: str, prefix: str = "") -> None:
        self._folder = folder
        self.commit = commit
        self.entries: dict[str, Entry] = {}
        name = f"{commit}:{prefix.rstrip('/')}"
        for line in lines_of(git(folder, "ls-tree", "-r", "-z", "-l", "--full-tree", name)):
            about, _, path = line.partition("\t")
            mode, _, blob, size = about.split()
            kind = {"100644": "file", "100755": "file", "100664": "file", "120000": "link"}.get(mode, "other")
            self.entries[path] = Entry(kind, int(size) if size.isdigit() else 0, blob)

    def read(self, path: str) -> bytes:
        """See Tree."""
        return git(self._folder, "cat-file", "blob", self.entries[path].blob, timeout=120)

    def read_many(self, paths: Sequence[str]) -> dict[str, bytes]:
        """See Tree."""
        asked = "".join(f"{self.entries[path].blob}\n" for path in paths).encode()
        out = git(self._folder, "cat-file", "--batch", data=asked, timeout=120) if paths else b""
        found: dict[str, bytes] = {}
        start = 0
        for path in paths:
            begin = out.index(b"\n", start) + 1
            about = out[start:begin].split()
            if len(about) < 3:
                raise GitFailed(f"the repository is damaged: {path} is missing")
            end = begin + int(about[2])
            found[path] = out[begin:end]
            start = end + 1
        return found
