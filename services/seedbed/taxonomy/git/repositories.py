"""Repositories that others may have written, read so that nothing in them is run.

A repository's configuration names commands (`core.fsmonitor`, filters, how a remote is asked for what is
missing) and further files of it, and hooks lie beside it. So git never sees one: it is given a view, a folder
of ours with a configuration of ours, and links to the objects and references that are meant.
"""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from seedbed.taxonomy.git.command import NOWHERE, QUICK, GitFailed, git

# Of all work trees, and of each alone. `HEAD` is copied, as git follows no link there.
_SHARED = ("objects", "packed-refs", "refs", "reftable", "shallow")
_OWN = ("logs",)
# How the repository is written. It is all that counts of its configuration.
_FORMAT = ("objectformat", "refstorage")
_MOST_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Repository:
    """Where the parts of a repository are. Raises GitFailed in all it does."""

    folder: Path
    shared: Path
    configuration: str

    @classmethod
    def at(cls, folder: Path) -> Self:
        """The repository whose `HEAD` lies in a folder."""
        common = folder / "commondir"
        shared = folder / _read_line(common) if common.exists() else folder
        return cls(folder, shared, _configuration(shared))

    def git(self, *arguments: str, data: bytes = b"", timeout: float = QUICK) -> bytes:
        """What git prints that reads in it."""
        try:
            with self.view() as view:
                return git(view, *arguments, data=data, timeout=timeout)
        except GitFailed as failed:
            raise self.explain(failed) from failed

    @contextlib.contextmanager
    def view(self) -> Iterator[Path]:
        """A repository of ours with its content."""
        with tempfile.TemporaryDirectory(prefix="seedbed-git-") as name:
            view = Path(name)
            (view / "HEAD").write_bytes(os.fsencode(_read_line(self.folder / "HEAD")) + b"\n")
            (view / "config").write_text(self.configuration)
            for root, parts in ((self.shared, _SHARED), (self.folder, _OWN)):
                for part in parts:
                    found = (root / part).absolute()
                    if found.is_dir() or found.is_file():
                        (view / part).symlink_to(found)
            yield view

    def explain(self, failed: GitFailed) -> GitFailed:
        """The failure, with its cause where that is that objects were never fetched."""
        if not any(self.shared.glob("objects/pack/*.promisor")):
            return failed
        return GitFailed(
            f"{failed}; the repository is a partial clone, and what it left out is not fetched: "
            "clone it whole, or name its address"
        )


def find_repository(folder: Path) -> tuple[Repository, str]:
    """The repository of the work tree that a folder stands in, and the folder's place in there, `a/b/`."""
    for top in (folder, *folder.parents):
        if repository := open_repository(top):
            within = folder.relative_to(top).as_posix()
            return repository, "" if within == "." else f"{within}/"
    raise GitFailed("it stands in no git repository, so it has no revisions")


def open_repository(folder: Path) -> Repository | None:
    """The repository of a work tree by its top folder."""
    found = folder / ".git"
    try:
        if found.is_file():
            found = folder / _read_line(found).removeprefix("gitdir:").strip()
            if not is_repository(found):
                raise GitFailed(f"{folder / '.git'} leads to no git repository")
        return Repository.at(found) if is_repository(found) else None
    except OSError as broken:
        raise GitFailed(f"cannot read the git repository {found}: {broken}") from broken


def is_repository(folder: Path) -> bool:
    """Whether it is a repository's own folder, as `.git` is and a bare repository."""
    return (folder / "HEAD").is_file() and (
        (folder / "commondir").is_file() or ((folder / "objects").is_dir() and (folder / "refs").is_dir())
    )


def _configuration(shared: Path) -> str:
    lines = []
    if (shared / "config").is_file():
        wanted = f"^extensions\\.({'|'.join(_FORMAT)})$"
        with contextlib.suppress(GitFailed):  # what it says where nothing is found
            reading = ("config", "--file", str((shared / "config").absolute()), "--no-includes", "-z")
            for row in git(NOWHERE, *reading, "--get-regexp", wanted).decode(errors="replace").split("\0"):
                name, _, value = row.partition("\n")
                if value.isalnum():
                    lines.append(f"\t{name.rpartition('.')[2]} = {value}\n")
    core = f"[core]\n\trepositoryformatversion = {1 if lines else 0}\n\tbare = true\n"
    return core + ("[extensions]\n" + "".join(lines) if lines else "")


def _read_line(path: Path) -> str:
    """The line of a small file. One that is no plain file is not waited for."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return os.fsdecode(file.read(_MOST_BYTES)).strip("\n")
    except OSError as broken:
        raise GitFailed(f"cannot read the git repository: {broken}") from broken
    raise GitFailed(f"{path} is no plain file")
