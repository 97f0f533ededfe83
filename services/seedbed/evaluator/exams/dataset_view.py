"""What a dataset trains on: its leaves, the passages they rest on, all its rows. Reads a folder alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from seedbed.dataset import Manifest, read_manifest
from seedbed.dataset.manifest import CANDIDATES_FILE, KNOWLEDGE_FILE, SAMPLES_FILE, SKILLS_FILE
from seedbed.evaluator.exams.exam import Question
from seedbed.evaluator.exams.held_out import Trained
from seedbed.kernel.identity import sha256_hex
from seedbed.pipeline.kinds import Kind
from seedbed.pipeline.recipe import Recipe

_COLUMNS = [
    "id",
    "leaf",
    "question",
    "answer",
    "context",
    "task_description",
    "domain",
    "document_outline",
    "chunk",
    "headings",
]


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that a leaf's samples were made from."""

    text: str
    headings: tuple[str, ...]
    domain: str
    outline: str


@dataclass(slots=True)
class LeafView:
    """What exams need of one leaf of a dataset."""

    path: str
    kind: str
    target: int
    passages: dict[str, Passage] = field(default_factory=dict)
    """By their sha256."""
    spare: list[Question] = field(default_factory=list)
    """Candidates that were good and not needed."""
    samples: set[str] = field(default_factory=set)

    def take(self, row: dict[str, Any]) -> None:
        """Take in the passage of a sample or candidate."""
        if self.kind == Kind.KNOWLEDGE and row["chunk"]:
            digest = sha256_hex(row["chunk"])
            about = (tuple(row["headings"] or ()), row["domain"] or "", row["document_outline"] or "")
            self.passages.setdefault(digest, Passage(row["chunk"], *about))


class DatasetView:
    """A dataset as the evaluator sees it. Raises InputError where the folder holds none."""

    def __init__(self, folder: Path) -> None:
        self.manifest: Manifest = read_manifest(folder)
        self.recipe = Recipe.model_validate(self.manifest.recipe)
        self.leaves = {
            leaf.path: LeafView(leaf.path, leaf.kind, leaf.target) for leaf in self.manifest.leaves
        }
        self.trained = Trained(self.recipe.duplicate_threshold)
        for name in (KNOWLEDGE_FILE, SKILLS_FILE):
            with (folder / name).open("rb") as lines:
                self.trained.add_rows(lines)
        for row in _read(folder / SAMPLES_FILE, []):
            leaf = self.leaves[row["leaf"]]
            leaf.samples.add(row["id"])
            leaf.take(row)
        for row in _read(folder / CANDIDATES_FILE, ["end"]):
            leaf = self.leaves[row["leaf"]]
            leaf.take(row)
            if row["end"] == "unneeded" and leaf.kind != Kind.KNOWLEDGE:
                leaf.spare.append(skill_question(row))


def skill_question(row: dict[str, Any]) -> Question:
    """A skill's candidate as a question."""
    return Question(
        id=row["id"],
        leaf=row["leaf"],
        question=row["question"],
        reference=row["answer"] or "",
        context=row["context"] or "",
        task=row["task_description"] or "",
        source=row["id"],
    )


def _read(path: Path, more: list[str]) -> Iterator[dict[str, Any]]:
    for batch in pq.ParquetFile(path).iter_batches(columns=[*_COLUMNS, *more]):
        yield from batch.to_pylist()
