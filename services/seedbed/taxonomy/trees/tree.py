"""Trees of files, whatever they are kept in. Links are seen, and never followed."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

NAME = "qna.yaml"
ATTRIBUTION = "attribution.txt"
BRANCHES = ("knowledge", "compositional_skills", "foundational_skills")


class Entry(NamedTuple):
    """One thing in a tree. `kind` is `file`, `link` or `other`; `blob` is git's name for its content."""

    kind: str
    size: int
    blob: str = ""


class Tree(Protocol):
    """Files by path, relative, with `/`."""

    entries: dict[str, Entry]

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises OSError or GitFailed."""

    def read_many(self, paths: Sequence[str]) -> dict[str, bytes]:
        """The bytes of small files."""


def leaf_files(tree: Tree) -> list[str]:
    """The paths of all leaves' files."""
    return [
        path
        for path, entry in tree.entries.items()
        if entry.kind == "file" and path.endswith(f"/{NAME}") and in_branch(path)
    ]


def in_branch(path: str) -> bool:
    """Whether a path is in one of the branches, or is one."""
    return path.partition("/")[0] in BRANCHES
