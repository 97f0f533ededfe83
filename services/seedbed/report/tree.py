"""The taxonomy as a tree: folders that sum what is below them, leaves at their ends. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from seedbed.report.facts import LeafFacts


@dataclass(slots=True)
class Branch:
    """A folder of the taxonomy."""

    name: str
    branches: list["Branch"] = field(default_factory=list)
    leaves: list[tuple[str, LeafFacts]] = field(default_factory=list)
    """Their last names, and what became of them."""
    accepted: int = 0
    target: int = 0


def grow(leaves: Sequence[LeafFacts]) -> Branch:
    """The tree of these leaves; folders that hold one folder alone are one with it."""
    root = Branch("")
    for leaf in leaves:
        *folders, name = leaf.path.split("/")
        here = root
        _count(here, leaf)
        for folder in folders:
            found = next((branch for branch in here.branches if branch.name == folder), None)
            if found is None:
                found = Branch(folder)
                here.branches.append(found)
            here = found
            _count(here, leaf)
        here.leaves.append((name, leaf))
    root.branches = [_fold(branch) for branch in root.branches]
    return root


def _count(branch: Branch, leaf: LeafFacts) -> None:
    branch.accepted += leaf.ends.accepted
    branch.target += leaf.target


def _fold(branch: Branch) -> Branch:
    branch.branches = [_fold(child) for child in branch.branches]
    if len(branch.branches) == 1 and not branch.leaves:
        (only,) = branch.branches
        only.name = f"{branch.name}/{only.name}"
        return only
    return branch
