"""Which lines of a PDF are headings: by its outline, else by size and weight of type. Pure."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from .bands import Item
from .letters import SOFT_HYPHEN
from .lines import LED_TO, Line

_SCALE = 1.15
_MAX_LETTERS = 200
_MAX_LINES = 4
_WORD = re.compile(r"[^\W\d_]{2}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_NOT_LETTERS = re.compile(r"[\W_]+")
# Bold lines of the body's size: not where much is bold, nor many in a row, nor where a sentence ends.
_MOSTLY_BOLD = 0.4
_MOST_BOLD_LINES = 3
_BODY = 0.95
_SENTENCE = re.compile(r"[.,;،؛。]$")
_ROOM = 2.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the outline."""

    title: str
    level: int
    page: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A line's part in a heading: its level, and the outline's entry (-1 where its type shows it)."""

    level: int
    entry: int = -1


def mark_headings(items: Sequence[Item], outline: Sequence[Entry]) -> dict[int, Mark]:
    """Find the headings, by the number of their items."""
    by_outline = _by_outline(items, outline)
    found = {mark.entry for mark in by_outline.values()}
    # A big line that a good outline does not name is an ornament, not a heading.
    if outline and len(found) * 2 >= len(outline):
        return by_outline
    return _by_type(items) | by_outline


def _by_outline(items: Sequence[Item], outline: Sequence[Entry]) -> dict[int, Mark]:
    marks: dict[int, Mark] = {}
    pages: dict[int, dict[str, list[int]]] = {}
    for number, item in enumerate(items):
        if isinstance(item, Line) and (letters := _letters(item.text)):
            pages.setdefault(item.page, {}).setdefault(letters[:1], []).append(number)
    for index, entry in enumerate(outline):
        for number in pages.get(entry.page, {}).get(_letters(entry.title)[:1], []):
            if number not in marks and (length := _match(items, number, entry)):
                marks |= {number + offset: Mark(entry.level, index) for offset in range(length)}
                break
    return marks


def _match(items: Sequence[Item], start: int, entry: Entry) -> int:
    """How many lines from `start` on make up the entry's title; 0 where they do not."""
    title, joined = _letters(entry.title), ""
    for length, item in enumerate(items[start : start + _MAX_LINES], start=1):
        if not isinstance(item, Line):
            return 0
        joined += _letters(item.text)
        if joined == title:
            return length
        if not joined or not title.startswith(joined):
            return 0
    return 0


def _letters(text: str) -> str:
    return _NOT_LETTERS.sub("", text.replace(SOFT_HYPHEN, "")).casefold()


def _by_type(items: Sequence[Item]) -> dict[int, Mark]:
    sizes: Counter[float] = Counter()
    bold: Counter[bool] = Counter()
    for item in items:
        if isinstance(item, Line):
            sizes[item.size] += len(item.text)
            bold[item.bold] += len(item.text)
        else:
            sizes[item.size] += sum(len(cell) for row in item.rows for cell in row)
    if not sizes:
        return {}
    body = sizes.most_common(1)[0][0]
    found = {number for number, item in enumerate(items) if isinstance(item, Line) and _is_big(item, body)}
    if bold[True] <= _MOSTLY_BOLD * bold.total():
        found |= set(_bold_heads(items, body))
    styles = {number: (item.size, item.bold) for number in found if isinstance(item := items[number], Line)}
    ranks = {style: rank for rank, style in enumerate(sorted(set(styles.values()), reverse=True), 1)}
    return {number: Mark(min(ranks[style], 6)) for number, style in styles.items()}


def _is_big(line: Line, body: float) -> bool:
    return line.size >= body * _SCALE and _may_be(line)


def _may_be(line: Line) -> bool:
    return (
        not line.mono
        and not LED_TO.search(line.text)
        and len(line.text) <= _MAX_LETTERS
        and bool(_WORD.search(line.text))
    )


def _bold_heads(items: Sequence[Item], body: float) -> Iterator[int]:
    """Bold lines by themselves, with text below them."""
    for is_bold, group in groupby(range(len(items)), key=lambda number: _is_bold(items[number], body)):
        numbers = list(group)
        if not is_bold or len(numbers) > _MOST_BOLD_LINES:
            continue
        last = items[numbers[-1]]
        following = items[numbers[-1] + 1] if numbers[-1] + 1 < len(items) else None
        if isinstance(last, Line) and following is not None and _stands_over(last, following):
            yield from numbers


def _is_bold(item: Item, body: float) -> bool:
    return isinstance(item, Line) and item.bold and item.size >= _BODY * body and _may_be(item)


def _stands_over(last: Line, following: Item) -> bool:
    if _SENTENCE.search(last.text):
        return False
    if not isinstance(following, Line):
        return True
    # There was room for the next word, had it belonged to the same sentence.
    room = last.right + _ROOM * last.size < following.right or following.base > last.base
    return room or not following.text[:1].islower()
