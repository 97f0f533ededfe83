"""Leaves of every kind, so that every step has something to lose."""

from pathlib import Path

import yaml

from benchmarks.synthetic import write_taxonomy

_WORDS = "lantern copper meadow engine archive garden bridge signal winter orchard".split()


def write_leaves(root: Path, knowledge: int = 3) -> Path:
    """A taxonomy with so many knowledge leaves, a freeform and a grounded skill."""
    write_taxonomy(root, knowledge, paragraphs=8)
    _write_skill(root / "compositional_skills" / "writing" / "freeform" / "notes", grounded=False)
    _write_skill(root / "compositional_skills" / "grounded" / "writing" / "reports", grounded=True)
    return root


def _write_skill(folder: Path, *, grounded: bool) -> None:
    folder.mkdir(parents=True)
    leaf = {
        "version": 3,
        "created_by": "tests",
        "task_description": "Write a short note about a thing.",
        "seed_examples": [_seed(number, grounded=grounded) for number in range(5)],
    }
    (folder / "qna.yaml").write_text(yaml.safe_dump(leaf, sort_keys=False, width=100))
    (folder / "attribution.txt").write_text(
        "Title of work: Notes\nLink to work: -\nLicense of the work: CC0-1.0\nCreator names: tests\n"
    )


def _seed(number: int, *, grounded: bool) -> dict[str, str]:
    first, second = _WORDS[number], _WORDS[number + 5]
    seed = {
        "question": f"What can be said of the {first} by the {second}?",
        "answer": f"The {first} stands by the {second}, and both are old.",
    }
    context = {"context": f"A {first} stands by a {second}. Both are {number + 1} hundred years old."}
    return {**context, **seed} if grounded else seed
