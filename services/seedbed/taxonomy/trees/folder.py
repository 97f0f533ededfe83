"""A tree in a folder on disk, as it stands: committed or not."""

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from seedbed.taxonomy.trees.tree import Entry


class FolderTree:
    """The files below some folders of a root."""

    def __init__(self, root: Path, within: Iterable[str]) -> None:
        self._root = root
        self.entries: dict[str, Entry] = {}
        for name in within:
            self._walk(name)

    def _walk(self, name: str) -> None:
        start = self._root / name
        if start.is_symlink():
            self.entries[name] = Entry("link", 0)
            return
        for folder, folders, files in os.walk(start, onerror=_raise):
            below = Path(folder).relative_to(self._root).as_posix()
            folders[:] = [each for each in folders if each != ".git"]
            for each in (*folders, *files):
                found = Path(folder, each).lstat()
                if stat.S_ISLNK(found.st_mode):
                    self.entries[f"{below}/{each}"] = Entry("link", 0)
                elif not stat.S_ISDIR(found.st_mode):
                    kind = "file" if stat.S_ISREG(found.st_mode) else "other"
                    self.entries[f"{below}/{each}"] = Entry(kind, found.st_size)
        self.entries = dict(sorted(self.entries.items()))

    def read(self, path: str) -> bytes:
        # The last name is not followed even where it became a link since the walk.
        handle = os.open(self._root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            return file.read()

    def read_many(self, paths: Sequence[str]) -> dict[str, bytes]:
        return {path: self.read(path) for path in paths}


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
