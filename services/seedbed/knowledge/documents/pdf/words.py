"""Words out of letters, with what is raised and lowered, and the rows they stand in. Pure."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from seedbed.knowledge.documents.superscripts import Level, Piece, join_levels

from .direction import in_order_of_reading, in_plain_letters, is_right_to_left, join_cluster
from .letters import Font, Letter

# All in sizes of type. Bases of one row differ by so much at most.
_ROW = 0.3
_SAME_BASE = 0.08
_RAISED, _LOWERED = (0.12, 0.8), (-0.5, -0.08)
# Without another size it takes a clearer shift.
_RAISED_ALONE, _LOWERED_ALONE = (0.2, 0.6), (-0.45, -0.15)
_SMALLER = (0.4, 0.92)
_NEAR, _NEAR_ALONE, _BACK = 0.4, 0.15, 1.5
_WORD_GAP, _OTHER_TYPE, _TOUCH, _SPACE = 0.6, 0.15, 0.1, 0.05
# Where so much of a page runs from the right, no row's order in the stream is believed.
_MANY = 0.2
# A mark before its line is no longer than this.
_LONGEST_MARK = 4


@dataclass(slots=True)
class Word:
    """Letters without a space between them."""

    text: str
    left: float
    right: float
    base: float
    size: float
    font: Font
    order: int
    """Place in the page's stream."""
    glyphs: tuple[str, ...] = ()
    """As they stand, from left to right: kept where a text may run from right to left."""


@dataclass(slots=True)
class _Set:
    """A letter with its part on its row."""

    letter: Letter
    base: float
    level: Level = Level.BASE


def rows_of(letters: Sequence[Letter]) -> list[list[Word]]:
    """The words of a page, row by row from the top, each row from left to right."""
    from_right = sum(is_right_to_left(letter.text) for letter in letters)
    rows: list[list[_Set]] = []
    for placed in sorted(_set_levels(letters), key=lambda placed: -placed.base):
        first = rows[-1][0] if rows else None
        size = min(first.letter.size, placed.letter.size) if first else 0.0
        if first and first.base - placed.base <= _ROW * size:
            rows[-1].append(placed)
        else:
            rows.append([placed])
    mostly = from_right > _MANY * len(letters)
    return [
        _words(row, both_ways=mostly or (from_right > 0 and any(map(_is_from_right, row)))) for row in rows
    ]


def text_of(words: Sequence[Word], *, from_right: bool) -> str:
    """What words of one row say, as they are read; they come as they stand, from left to right."""
    if not any(word.glyphs for word in words):
        return " ".join(word.text for word in words)
    glyphs: list[str] = []
    for word in words:
        glyphs += [" ", *(word.glyphs or word.text)]
    return in_plain_letters(in_order_of_reading(glyphs[1:], from_right=from_right))


def _set_levels(letters: Iterable[Letter]) -> list[_Set]:
    """Find what is raised and lowered, by what stands beside it in the stream."""
    result: list[_Set] = []
    anchor: _Set | None = None
    since = 0
    for letter in letters:
        placed = _Set(letter, letter.base)
        last = result[-1].letter if result else letter
        level = _level(anchor.letter, last, letter) if anchor else None
        if anchor and level:
            placed.base, placed.level = anchor.base, level
        if level is not None and level is not Level.BASE:
            result.append(placed)
            continue
        if level is None:
            run = result[since:]
            if anchor and len(run) <= _LONGEST_MARK and (mark := _level(letter, last, anchor.letter)):
                # A mark of a footnote stands before the line it is raised from.
                for before in run:
                    before.base, before.level = letter.base, mark
            since = len(result)
        anchor = placed
        result.append(placed)
    return result


def _level(anchor: Letter, last: Letter, letter: Letter) -> Level | None:
    """Where a letter stands against another of its row; None where it is of another row."""
    size = anchor.size or 1.0
    gap = letter.left - last.right if letter.left >= last.left else last.left - letter.right
    gap /= size
    shift = (letter.base - anchor.base) / size
    if -_SAME_BASE < shift < _SAME_BASE:
        return Level.BASE if -_BACK <= gap <= _WORD_GAP * 2 else None
    ratio = letter.size / size
    alone = ratio > _SMALLER[1]
    if not -_BACK <= gap <= (_NEAR_ALONE if alone else _NEAR) or not _SMALLER[0] <= ratio <= 1.1:
        return None
    for (least, most), level in (
        (_RAISED_ALONE if alone else _RAISED, Level.RAISED),
        (_LOWERED_ALONE if alone else _LOWERED, Level.LOWERED),
    ):
        if least <= shift <= most:
            return level
    return None


def _is_from_right(placed: _Set) -> bool:
    return is_right_to_left(placed.letter.text)


def _words(row: Sequence[_Set], *, both_ways: bool) -> list[Word]:
    if both_ways:
        ordered = sorted(row, key=lambda placed: placed.letter.left)
        return [_word_both_ways(part) for part in _parted(ordered, across=True)]
    ordered = sorted(row, key=lambda placed: placed.letter.order)
    runs = sorted(_parted(ordered), key=lambda run: run[0].letter.left)
    merged: list[list[_Set]] = []
    for run in _without_mark(runs):
        marked = merged and merged[-1][-1].level is not run[0].level
        if merged and not marked and not run[0].letter.apart and _touches(merged[-1], run):
            merged[-1] += run
        else:
            merged.append(run)
    return [_word(run) for run in merged]


def _without_mark(runs: list[list[_Set]]) -> list[list[_Set]]:
    """The mark that a note begins with, as a word of its own."""
    first = runs[0]
    length = next((n for n, placed in enumerate(first) if placed.level is not Level.RAISED), 0)
    return [first[:length], first[length:], *runs[1:]] if length else runs


def _touches(run: Sequence[_Set], following: Sequence[_Set]) -> bool:
    last, first = run[-1].letter, following[0].letter
    return -_TOUCH * last.size <= first.left - last.right <= _TOUCH * last.size


def _parted(row: Sequence[_Set], *, across: bool = False) -> list[list[_Set]]:
    """Parts of a row with a space, or room for one, between them.

    `across` where letters come as they stand, and the stream's order says nothing of spaces.
    """
    parts = [[row[0]]]
    for last, placed in pairwise(row):
        one, other = last.letter, placed.letter
        later = other if other.order > one.order else one
        gap = (other.left - one.right) / (max(one.size, other.size) or 1.0)
        near = abs(other.order - one.order) == 1
        alike = one.font is other.font and one.size == other.size
        limit = (_WORD_GAP if alike else _OTHER_TYPE) if near and not across else _TOUCH
        if (later.apart and gap > _SPACE and not across) or not -_BACK <= gap <= limit:
            parts.append([placed])
        else:
            parts[-1].append(placed)
    return parts


def _word(run: Sequence[_Set], glyphs: tuple[str, ...] = ()) -> Word:
    letters = [placed.letter for placed in run]
    if all(placed.level is Level.BASE for placed in run):
        text = "".join([letter.text for letter in letters])
    else:
        text = join_levels(Piece(placed.letter.text, placed.level) for placed in run)
    size, font = letters[0].size, letters[0].font
    if any(letter.size != size or letter.font is not font for letter in letters):
        size = Counter(p.letter.size for p in run if p.level is Level.BASE or len(run) == 1).most_common(1)[
            0
        ][0]
        font = Counter(letter.font for letter in letters).most_common(1)[0][0]
    return Word(
        text=in_plain_letters(text),
        left=min([letter.left for letter in letters]),
        right=max([letter.right for letter in letters]),
        base=run[0].base,
        size=size,
        font=font,
        order=min([letter.order for letter in letters]),
        glyphs=glyphs,
    )


def _word_both_ways(run: Sequence[_Set]) -> Word:
    marks = [placed for placed in run if unicodedata.combining(placed.letter.text)]
    clusters: list[list[_Set]] = []
    for placed in run:
        if unicodedata.combining(placed.letter.text):
            continue
        if clusters and _is_one_glyph(clusters[-1][0].letter, placed.letter):
            clusters[-1].append(placed)
        else:
            clusters.append([placed])
    for mark in marks:
        middle = (mark.letter.left + mark.letter.right) / 2
        if clusters:
            min(clusters, key=lambda cluster: abs(_middle(cluster) - middle)).append(mark)
    return _word(run, tuple(_glyph(cluster, run) for cluster in clusters) or ("",))


def _middle(cluster: Sequence[_Set]) -> float:
    return (cluster[0].letter.left + cluster[0].letter.right) / 2


def _is_one_glyph(one: Letter, other: Letter) -> bool:
    return abs(one.left - other.left) + abs(one.right - other.right) < _SAME_BASE * one.size


def _glyph(cluster: Sequence[_Set], run: Sequence[_Set]) -> str:
    ordered = sorted(cluster, key=lambda placed: placed.letter.order)
    backwards = run[0].letter.order > run[-1].letter.order
    text = join_cluster([placed.letter.text for placed in ordered], backwards=backwards)
    return join_levels([Piece(text, cluster[0].level)])
