"""Which lines of a PDF are headings: by its outline where there is one, else by size of type. Pure."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .pdf_lines import SOFT_HYPHEN, Line

_SCALE = 1.15
_MAX_LETTERS = 200
_MAX_LINES = 4
_WORD = re.compile(r"[^\W\d_]{2}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_NOT_LETTERS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the outline."""

    title: str
    level: int
    page: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A line's part in a heading: its level, and the outline's entry (-1 where size told)."""

    level: int
    entry: int = -1


def mark_headings(lines: Sequence[Line], outline: Sequence[Entry]) -> dict[int, Mark]:
    """Find the headings, by the number of their lines."""
    by_outline = _by_outline(lines, outline)
    found = {mark.entry for mark in by_outline.values()}
    # A big line that a good outline does not name is an ornament, not a heading.
    if outline and len(found) * 2 >= len(outline):
        return by_outline
    return _by_size(lines) | by_outline


def _by_outline(lines: Sequence[Line], outline: Sequence[Entry]) -> dict[int, Mark]:
    marks: dict[int, Mark] = {}
    pages: dict[int, list[int]] = {}
    for number, line in enumerate(lines):
        pages.setdefault(line.page, []).append(number)
    for index, entry in enumerate(outline):
        for number in pages.get(entry.page, []):
            if number not in marks and (length := _match(lines, number, entry)):
                marks |= {number + offset: Mark(entry.level, index) for offset in range(length)}
                break
    return marks


def _match(lines: Sequence[Line], start: int, entry: Entry) -> int:
    """How many lines from `start` on make up the entry's title; 0 where they do not."""
    title, joined = _letters(entry.title), ""
    for length, line in enumerate(lines[start : start + _MAX_LINES], start=1):
        joined += _letters(line.text)
        if joined == title:
            return length
        if not joined or not title.startswith(joined):
            return 0
    return 0


def _letters(text: str) -> str:
    return _NOT_LETTERS.sub("", text.replace(SOFT_HYPHEN, "")).casefold()


def _by_size(lines: Sequence[Line]) -> dict[int, Mark]:
    weights: Counter[float] = Counter()
    for line in lines:
        weights[line.size] += len(line.text)
    if not weights:
        return {}
    body = weights.most_common(1)[0][0]
    big = {number: line for number, line in enumerate(lines) if _is_heading(line, body)}
    ranks = {
        size: rank for rank, size in enumerate(sorted({line.size for line in big.values()}, reverse=True), 1)
    }
    return {number: Mark(min(ranks[line.size], 6)) for number, line in big.items()}


def _is_heading(line: Line, body: float) -> bool:
    return line.size >= body * _SCALE and len(line.text) <= _MAX_LETTERS and bool(_WORD.search(line.text))
