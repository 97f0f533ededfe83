"""Small taxonomies and repositories for the tests of this folder."""

import subprocess
from pathlib import Path
from typing import Any

import yaml

BIRDS = (
    ("chickadee", "holes of old birches", "seeds and spiders"),
    ("heron", "tall trees near water", "frogs and small fish"),
    ("wren", "gaps between stones", "beetles"),
    ("osprey", "platforms on dead pines", "trout"),
    ("swallow", "barns and under bridges", "flies that it catches in flight"),
)
CHICKADEE = "# Birds\n\nThe chickadee is a small bird. It stores seeds for the winter.\n\n" + "\n\n".join(
    f"The {bird} nests in {place} and eats {food}." for bird, place, food in BIRDS
)
NOTES = "Title of work: Birds\nLink to work: -\nLicense of the work: CC0-1.0\nCreator names: Us\n"


def skill(examples: int = 5, *, context: bool = False, version: int = 3, **more: Any) -> dict[str, Any]:
    """The data of a sound skill."""
    seeds = [{"question": f"What is {n} and {n}?", "answer": f"It is {n + n}."} for n in range(examples)]
    if context:
        seeds = [{"context": f"Box {n} holds {n} nails.", **seed} for n, seed in enumerate(seeds)]
    head = {"version": version} if version > 1 else {}
    return {**head, "created_by": "us", "task_description": "Adds.", "seed_examples": seeds, **more}


def knowledge(document: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """The data of a sound knowledge leaf; its document is `birds.md` beside it where nothing is said."""
    seeds = [
        {
            "context": f"The {bird} nests in {place} and eats {food}.",
            "questions_and_answers": [
                {"question": f"Where does the {bird} nest?", "answer": f"In {place}."},
                {"question": f"What does the {bird} eat?", "answer": f"It eats {food}."},
                {"question": f"Who nests in {place}?", "answer": f"The {bird}."},
            ],
        }
        for bird, place, food in BIRDS
    ]
    return {
        "version": 3,
        "created_by": "us",
        "domain": "birds",
        "seed_examples": seeds,
        "document_outline": "Birds.",
        "document": document or {"patterns": ["birds.md"]},
        **more,
    }


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, _data: Any) -> bool:
        return True


def dump(data: Any) -> str:
    return yaml.dump(data, Dumper=_Plain, sort_keys=False, allow_unicode=True)


def plant(root: Path, files: dict[str, Any]) -> Path:
    """Write files: text and bytes as they are, data as YAML."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else dump(content), "utf-8")
    return root


def garden(root: Path) -> Path:
    """A sound taxonomy of three leaves."""
    return plant(
        root,
        {
            "knowledge/science/birds/qna.yaml": knowledge(),
            "knowledge/science/birds/birds.md": CHICKADEE,
            "knowledge/science/birds/attribution.txt": NOTES,
            "compositional_skills/sums/qna.yaml": skill(),
            "compositional_skills/sums/attribution.txt": NOTES,
            "foundational_skills/reasoning/qna.yaml": skill(3, version=1, created_by="them"),
        },
    )


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=us", "-c", "user.email=us@example.org", *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def commit(root: Path, message: str = "planted") -> str:
    """Commit all there is and return the commit."""
    if not (root / ".git").exists():
        git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(root, "rev-parse", "HEAD")
