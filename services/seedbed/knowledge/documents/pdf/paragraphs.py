"""Which line goes on with the paragraph of the line before it, and which opens one. Pure."""

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from .bands import Item
from .lines import LED_TO, Line

BULLET = re.compile(r"^[•◦▪‣●○■□➢➤✓❖–*\uf0b7\uf0a7\uf0d8\uf076-]\s+")
_NUMBERED = re.compile(r"^(?:\(?\d{1,3}[.)]|\(?(?:[a-z]|[ivx]{2,4})\))\s+\S")
_SENTENCE_END = re.compile(r"[.!?:。！？؟۔।॥…][\"'”’»)\]]*(?:\^\{?[\d*†‡,]+\}?)?$")
# All in sizes of type, but for shares of the usual step from line to line.
_USUAL_STEP = 1.6
_FARTHEST = 4.0
_WIDER, _MUCH_WIDER = 1.25, 2.0
_INDENT = 1.0
_ROOM = 2.0
# In points: lines that begin so near to each other are of one column.
_NEAR = 24
_OTHER_SIZE = 0.1


class Leading:
    """How far apart lines of one size stand in this document."""

    def __init__(self, items: Sequence[Item]) -> None:
        surely: defaultdict[float, list[float]] = defaultdict(list)
        for last, line in pairwise(items):
            if not isinstance(last, Line) or not isinstance(line, Line) or last.size != line.size:
                continue
            step = last.base - line.base
            if last.page == line.page and 0 < step <= _FARTHEST * line.size and goes_on(last, line):
                surely[line.size].append(step)
        self._steps = {size: median(steps) for size, steps in surely.items()}
        self._rights: dict[tuple[int, int], float] = {}
        for item in items:
            place = item.page, int(item.left // _NEAR)
            self._rights[place] = max(self._rights.get(place, 0.0), item.right)

    def limit(self, size: float) -> float:
        """A step wider than this parts paragraphs, if nothing speaks against it."""
        return _WIDER * self._steps[size] if size in self._steps else _USUAL_STEP * max(size, 1.0)

    def opens(self, paragraph: Sequence[Line], line: Line) -> bool:
        """Whether a line opens a block instead of going on with the paragraph before it."""
        last = paragraph[-1]
        if (
            LED_TO.search(last.text)
            or opens_item(line)
            or abs(last.size - line.size) > _OTHER_SIZE * max(last.size, line.size)
        ):
            return True
        if last.page != line.page or line.base >= last.base:
            # A new page or column: only the words can show it.
            return has_ended(last)
        if goes_on(last, line):
            return last.base - line.base > _MUCH_WIDER / _WIDER * self.limit(line.size)
        return self._is_set_apart(paragraph, line) or (len(paragraph) == 1 and self._had_room(last, line))

    def _had_room(self, last: Line, line: Line) -> bool:
        """Whether the first word of a line would have stood on the line before, had it gone on there."""
        near = range(int(last.left // _NEAR) - 1, int(last.left // _NEAR) + 2)
        right = max(self._rights.get((last.page, place), 0.0) for place in near)
        return last.right + _first_word(line) + _ROOM * line.size < right

    def _is_set_apart(self, paragraph: Sequence[Line], line: Line) -> bool:
        last = paragraph[-1]
        if last.base - line.base > self.limit(line.size):
            return True
        room = _INDENT * line.size
        # Under the first line of a list's item the others hang.
        if line.left > last.left + room and not opens_item(last):
            return True
        if not has_ended(last):
            return False
        hangs_out = len(paragraph) > 1 and line.left < last.left - room
        widest = max(line.right, *(one.right for one in paragraph))
        return hangs_out or last.right + _first_word(line) + line.size < widest


def _first_word(line: Line) -> float:
    """How wide the first word of a line is, or its first letter where words have no spaces."""
    letter = (line.right - line.left) / max(len(line.text), 1)
    return letter * (len(line.text.split(" ", 1)[0]) if " " in line.text else 1)


def opens_item(line: Line) -> bool:
    return bool(BULLET.match(line.text) or _NUMBERED.match(line.text))


def has_ended(line: Line) -> bool:
    """Whether a sentence ends with a line."""
    return bool(_SENTENCE_END.search(line.text))


def goes_on(last: Line, line: Line) -> bool:
    """Whether the words alone say that a line goes on with the sentence of the line before."""
    return not has_ended(last) and line.text[:1].islower() and not opens_item(line)
