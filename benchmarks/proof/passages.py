"""Passages with questions that people wrote about them, out of a file of SQuAD's kind; which are taken."""

import gzip
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SQUAD = "squad_200.json"
_SHOWN = 16


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the answer that its writer gave."""

    id: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of an article, and what was asked about it."""

    id: str
    title: str
    text: str
    questions: tuple[Question, ...]


def read_passages(path: Path) -> list[Passage]:
    """All passages of a file: a list of `title`, `context` and `questions` with `question` and `answer`."""
    found = []
    for entry in read_json(path):
        title, text = str(entry["title"]), str(entry["context"]).strip()
        questions = tuple(
            Question(short_hash(f"{text}\0{one['question']}"), one["question"].strip(), one["answer"].strip())
            for one in entry["questions"]
        )
        found.append(Passage(short_hash(text), title, text, questions))
    return found


def choose(passages: Sequence[Passage], count: int) -> list[Passage]:
    """So many of them by hash, in the order of the file; fewer are always among more."""
    taken = {one.id for one in sorted(passages, key=lambda one: one.id)[:count]}
    return [one for one in passages if one.id in taken]


def read_json(path: Path) -> Any:
    """What is in a JSON file, packed or not."""
    data = path.read_bytes()
    return json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)


def file_hash(path: Path) -> str:
    """The sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def short_hash(text: str) -> str:
    """A name for a text by its content."""
    return hashlib.sha256(text.encode()).hexdigest()[:_SHOWN]
