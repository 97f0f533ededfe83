"""A taxonomy of the passages: a leaf a title, a document a passage, seed examples about something else."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import yaml

from benchmarks.proof.passages import Passage

_SEEDS = Path(__file__).with_name("seeds.yaml")
_ATTRIBUTION = """\
Title of work: {title}
Link to work: https://en.wikipedia.org/wiki/{name}
License of the work: CC-BY-SA-4.0
Creator names: Wikipedia's authors; passages as chosen by SQuAD 1.1
"""


def write_taxonomy(folder: Path, passages: Sequence[Passage]) -> None:
    """Write the leaves anew; equal passages are equal bytes."""
    shutil.rmtree(folder, ignore_errors=True)
    seeds = yaml.safe_load(_SEEDS.read_text(encoding="utf-8"))
    for title in dict.fromkeys(one.title for one in passages):
        leaf = folder / "knowledge" / "squad" / slug(title)
        leaf.mkdir(parents=True)
        for one in passages:
            if one.title == title:
                # A document of its own: a passage is what is asked about, never half of two.
                (leaf / f"{one.id}.md").write_text(f"# {title}\n\n{one.text}\n", encoding="utf-8")
        name = title.replace(" ", "_")
        (leaf / "attribution.txt").write_text(_ATTRIBUTION.format(title=title, name=name), encoding="utf-8")
        qna = {
            "version": 3,
            "created_by": "proof",
            "domain": "encyclopedia",
            "document_outline": f"Passages of the article on {title}",
            "document": {"patterns": ["*.md"]},
            "seed_examples": seeds,
        }
        text = yaml.safe_dump(qna, sort_keys=False, allow_unicode=True)
        (leaf / "qna.yaml").write_text(text, encoding="utf-8")


def slug(title: str) -> str:
    """A folder's name for a title."""
    return re.sub(r"\W+", "_", title).strip("_").lower()
