"""A taxonomy of any size for load tests: knowledge leaves, each with a document of its own."""

import random
from pathlib import Path

import yaml

_WORDS = (
    "river stone market harbour lantern copper meadow engine archive garden bridge signal winter orchard "
    "valley timber anchor mirror canyon thread kettle saddle marble falcon ribbon cellar beacon hollow"
).split()


def write_taxonomy(root: Path, leaves: int, *, seed: int = 7, paragraphs: int = 12) -> Path:
    """Write `leaves` knowledge leaves below `root`; the same seed gives the same files."""
    for number in range(leaves):
        _write_leaf(
            root / "knowledge" / "load" / f"leaf_{number:04}", random.Random(f"{seed}-{number}"), paragraphs
        )
    return root


def _write_leaf(folder: Path, chance: random.Random, paragraphs: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    texts = [_paragraph(chance) for _ in range(paragraphs)]
    document = "# Report\n\n" + "\n\n".join(f"## Part {n}\n\n{text}" for n, text in enumerate(texts))
    (folder / "report.md").write_text(document + "\n")
    (folder / "attribution.txt").write_text("Title of work: Report\nLicense of the work: CC0-1.0\n")
    leaf = {
        "version": 3,
        "created_by": "benchmark",
        "domain": "load",
        "document_outline": "A report about many things.",
        "seed_examples": [_seed(chance, text) for text in texts[:5]],
        "document": {"patterns": ["report.md"]},
    }
    (folder / "qna.yaml").write_text(yaml.safe_dump(leaf, sort_keys=False, width=100))


def _sentence(chance: random.Random) -> str:
    first, second, number = chance.choice(_WORDS), chance.choice(_WORDS), chance.randrange(1000)
    return f"The {first} of {second} {number} is near the {chance.choice(_WORDS)}."


def _paragraph(chance: random.Random) -> str:
    return " ".join(_sentence(chance) for _ in range(10))


def _seed(chance: random.Random, text: str) -> dict[str, object]:
    pairs = [
        {
            "question": f"Where is the {chance.choice(_WORDS)} number {n}?",
            "answer": f"It is near the {chance.choice(_WORDS)}.",
        }
        for n in range(3)
    ]
    return {"context": text, "questions_and_answers": pairs}
