"""Puts lines and tables together as Markdown: headings, paragraphs, lists, code and tables. Pure."""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from seedbed.knowledge.documents import markdown
from seedbed.knowledge.documents.plain import normalise
from seedbed.knowledge.documents.reading import Reading

from .bands import Item
from .headings import Mark
from .hyphens import Vocabulary
from .letters import SOFT_HYPHEN
from .lines import Line
from .paragraphs import BULLET, Leading, goes_on, has_ended
from .tables import Grid

_CAPTION = re.compile(
    r"(?:table|figure|fig|tab|tabelle|abb|abbildung|tableau|figura|tabla|표|그림|図|表|图)\.?\s*\d",
    re.IGNORECASE,
)
_SMALLER = 0.92
_LOOK_AHEAD = 40
_BLANK_LINE = 1.6
_MOST_BLANK_LINES = 2


class Writer:
    """Takes items in the order of reading."""

    def __init__(
        self, items: Sequence[Item], marks: dict[int, Mark], pages: int, *, typed: bool = False
    ) -> None:
        self._items = items
        self._marks = marks
        self._pages = pages
        self._typed = typed
        self._leading = Leading(items)
        self._vocabulary = Vocabulary.of(item.text for item in items if isinstance(item, Line))
        self._parts: list[str] = []
        self._length = 0
        self._starts: list[int] = []
        self._in_list = False
        self._open: list[Line] = []
        """Lines of the paragraph that is open."""
        self._mark: Mark | None = None
        self._waiting: list[Item] = []
        """Tables and footnotes that stand in the middle of it."""

    def write(self) -> Reading:
        place = 0
        while place < len(self._items):
            place = self._take(place)
        self._close()
        text = "".join(self._parts)
        return Reading(text, tuple(self._starts + [len(text)] * (self._pages - len(self._starts))))

    def _take(self, place: int) -> int:
        """Take the item at a place, with those that belong to it; where the next one is."""
        item, mark = self._items[place], self._marks.get(place)
        if not mark and self._interrupts(place):
            self._waiting.append(item)
            return place + 1
        if isinstance(item, Grid):
            self._close()
            end = self._end(place, lambda one: isinstance(one, Grid) and _continues(item, one))
            self._add_table([one for one in self._items[place:end] if isinstance(one, Grid)])
            return end
        if not mark and self._is_code(item):
            self._close()
            end = self._end(place, lambda one: self._is_code(one) and one.size == item.size)
            self._add_code([one for one in self._items[place:end] if isinstance(one, Line)])
            return end
        if self._opens(item, mark):
            self._close()
        self._mark = mark
        self._open.append(item)
        return place + 1

    def _end(self, place: int, belongs: Callable[[Item], bool]) -> int:
        end = place + 1
        while end < len(self._items) and end not in self._marks and belongs(self._items[end]):
            end += 1
        return end

    def _is_code(self, item: Item) -> bool:
        return not self._typed and isinstance(item, Line) and item.mono

    def _opens(self, line: Line, mark: Mark | None) -> bool:
        if not self._open:
            return False
        last = self._open[-1]
        if mark or self._mark:
            near = last.page == line.page and 0 < last.base - line.base <= self._leading.limit(line.size)
            return mark != self._mark or not near
        return self._leading.opens(self._open, line)

    def _interrupts(self, place: int) -> bool:
        """Whether a table, a caption or a footnote stands in the middle of the sentence that is open."""
        if not self._open or self._mark or has_ended(self._open[-1]):
            return False
        last, item = self._open[-1], self._items[place]
        if not _is_float(item, last):
            return False
        for following in range(place + 1, min(place + _LOOK_AHEAD, len(self._items))):
            other = self._items[following]
            if following in self._marks:
                return False
            if isinstance(other, Line) and not _is_float(other, last):
                return other.size == last.size and not other.mono and goes_on(last, other)
        return False

    def _close(self) -> None:
        """Write the paragraph that is open, and what stood in its middle after it."""
        if self._open:
            self._add_paragraph(self._open, self._mark)
        self._open, self._mark = [], None
        waiting, self._waiting = self._waiting, []
        for item in waiting:
            if isinstance(item, Grid):
                self._add_table([item])
            elif self._open and not self._leading.opens(self._open, item):
                self._open.append(item)
            else:
                self._flush()
                self._open = [item]
        self._flush()

    def _flush(self) -> None:
        if self._open:
            self._add_paragraph(self._open, None)
        self._open = []

    def _add_paragraph(self, lines: Sequence[Line], mark: Mark | None) -> None:
        first = lines[0].text
        bullet = not mark and bool(BULLET.match(first))
        between = "\n" if bullet and self._in_list else "\n\n"
        self._in_list = bullet
        text = ""
        pages: list[tuple[int, int]] = []
        for line in lines:
            if text:
                text, glue = self._vocabulary.join(text, line.text)
                text += glue
            pages.append((line.page, len(text)))
            text += line.text
        text = text.replace(SOFT_HYPHEN, "")
        if mark:
            text = f"{'#' * min(mark.level, 6)} {text}"
        elif bullet:
            text = BULLET.sub("- ", text)
        else:
            text = markdown.paragraph(text)
        self._add(text, between, pages)

    def _add_table(self, grids: Sequence[Grid]) -> None:
        rows: list[list[str]] = []
        for grid in grids:
            # The head is repeated on every page.
            rows += grid.rows[1:] if rows and grid.rows[0] == rows[0] else grid.rows
        self._in_list = False
        self._add(markdown.table(rows).replace(SOFT_HYPHEN, ""), "\n\n", [(grids[0].page, 0)])

    def _add_code(self, lines: Sequence[Line]) -> None:
        left = min(line.left for line in lines)
        steps = [
            one.base - other.base
            for one, other in pairwise(lines)
            if one.page == other.page and one.base > other.base
        ]
        step = min(steps, default=0.0)
        written: list[str] = []
        for number, line in enumerate(lines):
            last = lines[number - 1] if number else None
            if (
                last is not None
                and last.page == line.page
                and step
                and last.base - line.base > _BLANK_LINE * step
            ):
                blank = round((last.base - line.base) / step) - 1
                written += [""] * min(blank, _MOST_BLANK_LINES)
            indent = round((line.left - left) / line.pitch) if line.pitch > 0 else 0
            written.append(" " * min(max(indent, 0), 200) + line.typed)
        self._in_list = False
        self._add(markdown.code("\n".join(written)), "\n\n", [(lines[0].page, 0)])

    def _add(self, text: str, between: str, pages: Sequence[tuple[int, int]]) -> None:
        """Add a block; `pages` says which page starts where in it."""
        text = normalise(text)
        if not text:
            return
        between = between if self._parts else ""
        self._length += len(between)
        for page, offset in pages:
            self._starts += [self._length + offset] * (page + 1 - len(self._starts))
        self._length += len(text)
        self._parts += [between, text]


def _is_float(item: Item, last: Line) -> bool:
    if isinstance(item, Grid):
        return True
    return item.size <= _SMALLER * last.size or bool(_CAPTION.match(item.text))


def _continues(grid: Grid, other: Grid) -> bool:
    """Whether a table goes on over the page."""
    return other.page > grid.page and len(other.rows[0]) == len(grid.rows[0])
