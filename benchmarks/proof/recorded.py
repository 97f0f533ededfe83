"""Completions that others recorded, as rows for `--rows`: for each passage what a model wrote about it.

    python -m benchmarks.proof.recorded squad_200_gpt41_implications.json.gz rows.jsonl
    python -m benchmarks.proof.recorded squad_200_selfqa.json.gz rows.jsonl --form questions

The file is a list of `title`, `context` and `completions`. As `text`, each completion is a text below its
title; as `questions`, its questions with their answers are conversations without the passage.
"""

import argparse
import json
import re
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

from benchmarks.proof.passages import read_json, short_hash

FORMS = ("text", "questions")
_PAIR = re.compile(
    r"(?:^|\n)\s*(?:Question\s*\d*\s*:)?\s*(?P<question>[^\n]+\?)\s*\n+\s*Answer\s*\d*\s*:\s*(?P<answer>[^\n]+)"
)
_OPENING = re.compile(r"\A(?:\*\*)?(?:certainly|sure|here (?:is|are)|implications)\b[^\n]*\n+", re.IGNORECASE)
_MARKS = re.compile(r"\*\*|^#+ ", re.MULTILINE)


def make_rows(path: Path, form: str, passages: Container[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a file; of some passages alone, by the hash of their text, where they are named."""
    for entry in read_json(path):
        name = short_hash(str(entry["context"]).strip())
        if passages is not None and name not in passages:
            continue
        about = {"title": entry["title"], "passage": name, "from": path.name}
        for number, completion in enumerate(entry["completions"]):
            for place, made in enumerate(_made(str(entry["title"]), str(completion), form)):
                yield {"id": f"{name}/{number}/{place}", **made, "metadata": about}


def write_rows(out: Path, rows: Iterator[dict[str, Any]]) -> int:
    """Write rows as JSON, one a line; how many there were."""
    count = 0
    with out.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def _made(title: str, completion: str, form: str) -> Iterator[dict[str, Any]]:
    if form == "text":
        # What a model says to whoever asked it is not about the passage.
        text = _MARKS.sub("", _OPENING.sub("", completion.strip())).strip()
        if text:
            yield {"text": f"{title}\n\n{text}"}
        return
    for pair in _PAIR.finditer(completion):
        yield {"messages": talk(pair["question"].strip(), pair["answer"].strip())}


def talk(question: str, answer: str) -> list[dict[str, str]]:
    """A question with its answer, as messages."""
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def main() -> None:
    """Convert one file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("completions", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--form", choices=FORMS, default="text")
    asked = parser.parse_args()
    print(f"{write_rows(asked.out, make_rows(asked.completions, asked.form))} rows in {asked.out}")


if __name__ == "__main__":
    main()
