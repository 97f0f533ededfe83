"""Lines: the words of one row that belong together. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from .words import Word, text_of

# In sizes of type. So wide a gap may part columns; between letters of one width it may only line up code.
_GAP, _TYPED_GAP, _CODE_GAP = 0.9, 1.5, 20.0
_ABOVE, _BELOW = 0.75, 0.25
_MOST_INDENT = 200
# A narrow gap that keeps to a column: its least, how near to the column's edge, how much beyond the others.
_LEAST_GAP, _ALIGNED, _MORE_THAN_USUAL = 0.35, 0.4, 1.4
_DOTS = frozenset(".·_…")
# A line of a table of contents, or of prices.
LED_TO = re.compile(r" … \S+$")
_LEADER = re.compile(r"\s?(?:[.·_]\s?){5,}")


@dataclass(slots=True)
class Line:
    """A line of a page. Places count from the side on which its text begins, and upwards."""

    page: int
    text: str
    size: float
    left: float
    right: float
    base: float
    order: int
    """Place in the page's stream."""
    bold: bool = False
    mono: bool = False
    typed: str = ""
    """Its text with the spaces that stand between words, where all letters are of one width."""
    words: tuple[Word, ...] = ()
    from_right: bool = False

    @property
    def top(self) -> float:
        return self.base + _ABOVE * self.size

    @property
    def bottom(self) -> float:
        return self.base - _BELOW * self.size

    @property
    def pitch(self) -> float:
        """How wide a letter is, where all are of one width."""
        return (self.right - self.left) / max(len(self.typed), 1)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a page's rows are read."""

    from_right: bool
    width: float
    typed: bool = False
    """Whether all of the document is set in letters of one width, so that they do not show code."""


def lines_of(page: int, row: Sequence[Word], manner: Manner) -> list[Line]:
    """The lines of one row, parted where columns may be."""
    words = [_mirrored(word, manner.width) for word in reversed(row)] if manner.from_right else list(row)
    parts: list[list[Word]] = [words[:1]]
    for last, word in pairwise(words):
        size = min(last.size, word.size) or 1.0
        limit = _GAP
        if last.font.mono and word.font.mono:
            limit = _TYPED_GAP if manner.typed else _CODE_GAP
        # What dots lead to belongs to what they come from.
        led = _DOTS.issuperset(last.text) or _DOTS.issuperset(word.text)
        if word.left - last.right >= limit * size and not led:
            parts.append([])
        parts[-1].append(word)
    return [_line(page, part, from_right=manner.from_right) for part in parts if part]


def join(lines: Sequence[Line]) -> Line:
    """Lines of one row as one."""
    ordered = sorted(lines, key=lambda line: line.left)
    first = ordered[0]
    sizes = Counter({line.size: len(line.text) for line in ordered})
    return Line(
        page=first.page,
        text=" ".join(line.text for line in ordered),
        size=sizes.most_common(1)[0][0],
        left=first.left,
        right=max(line.right for line in ordered),
        base=first.base,
        order=min(line.order for line in ordered),
        bold=all(line.bold for line in ordered),
        mono=all(line.mono for line in ordered),
        typed=_spaced([(line.left, line.typed) for line in ordered], first.pitch) if first.mono else "",
        words=tuple(word for line in ordered for word in line.words),
        from_right=first.from_right,
    )


def part(line: Line, columns: Sequence[tuple[float, float]]) -> list[Line] | None:
    """A line that runs over several columns as one in each; None where it does not keep to them."""
    words = line.words
    gaps = [right.left - left.right for left, right in pairwise(words)]
    usual = median(gaps) if len(gaps) > len(columns) else 0.0
    least = max(_LEAST_GAP * line.size, _MORE_THAN_USUAL * usual)
    near = _ALIGNED * line.size
    cuts = [0]
    for number, (_, column) in enumerate(pairwise(columns), start=1):
        last = words[-1].right if number == len(columns) - 1 else None
        for place in range(cuts[-1] + 1, len(words)):
            begins = abs(words[place].left - column[0]) <= near
            ends = last is not None and abs(last - column[1]) <= near and words[place].left >= column[0]
            if (begins or ends) and gaps[place - 1] >= least:
                cuts.append(place)
                break
        else:
            return None
    return [
        _line(line.page, words[start:end], from_right=line.from_right)
        for start, end in pairwise([*cuts, len(words)])
    ]


def _mirrored(word: Word, width: float) -> Word:
    """A word as its page looks in a mirror: so what is read from the right begins on the left."""
    return Word(
        word.text,
        width - word.right,
        width - word.left,
        word.base,
        word.size,
        word.font,
        word.order,
        word.glyphs,
    )


def _line(page: int, words: Sequence[Word], *, from_right: bool) -> Line:
    sizes = Counter[float]()
    for word in words:
        sizes[word.size] += len(word.text)
    mono = all(word.font.mono for word in words)
    text = _LEADER.sub(" … ", text_of(words[::-1] if from_right else words, from_right=from_right))
    left, right = words[0].left, max(word.right for word in words)
    return Line(
        page=page,
        text=text,
        size=sizes.most_common(1)[0][0],
        left=left,
        right=right,
        base=words[0].base,
        order=min(word.order for word in words),
        bold=all(word.font.bold for word in words if any(map(str.isalnum, word.text))),
        mono=mono,
        typed=_typed(words) if mono else "",
        words=tuple(words),
        from_right=from_right,
    )


def _typed(words: Sequence[Word]) -> str:
    widest = max(words, key=lambda word: len(word.text))
    pitch = (widest.right - widest.left) / max(len(widest.text), 1)
    return _spaced([(word.left, word.text) for word in words], pitch)


def _spaced(parts: Iterable[tuple[float, str]], pitch: float) -> str:
    """Texts with as many spaces between them as their gap is wide."""
    text, start = "", None
    for left, part in parts:
        start = left if start is None else start
        place = round((left - start) / pitch) if pitch > 0 else 0
        missing = min(place - len(text), _MOST_INDENT)
        text += " " * max(missing, 1 if text else 0) + part
    return text
