"""The job of every peer: rows in, two dependent calls each, rows out. Needs the standard library alone.

A row's second prompt holds the reply to its first. The peer keeps in the folder what it goes on from.
"""

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FIRST = "Ask one question about {text}."
SECOND = "Answer the question briefly. {first}"
MODEL = "mock"


@dataclass(frozen=True)
class Job:
    """Where to ask, how much at once, and the folder with `rows.jsonl`."""

    url: str
    at_once: int
    folder: Path

    def rows(self) -> list[dict[str, Any]]:
        """`id` and `text` of each row."""
        lines = (self.folder / "rows.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def finish(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write down what came of it: rows with `id`, `text`, `first` and `second`."""
        lines = [json.dumps(dict(row)) for row in rows]
        (self.folder / "out.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def read_job() -> Job:
    """The job on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--folder", type=Path, required=True)
    given = parser.parse_args()
    return Job(given.url, given.at_once, given.folder)
