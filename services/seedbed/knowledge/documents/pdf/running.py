"""Running lines: page numbers, headers and footers, which stand on many pages and belong to none. Pure."""

import re
from collections import defaultdict
from collections.abc import Sequence

from .pages import Page
from .words import Word

# A running line stands in the outer eighth of the page, at the same height on several pages.
_MARGIN = 0.125
_FEW_PAGES = 4
# In sizes of type: rows of a table that begins at the top of every page stand closer to what follows.
_DISTANCE = 2.2
_PAGE_NUMBER = re.compile(r"[-–—\s]*(?:\d{1,4}|[ivxlc]{1,6})[-–—\s]*", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")

Place = tuple[str, int]


def drop_running(pages: Sequence[Page]) -> None:
    """Take out what repeats at one height in the margins, and on any page what is turned alike on several."""
    seen: defaultdict[Place, set[int]] = defaultdict(set)
    for page in pages:
        for row in [*page.rows, *page.aside]:
            seen[_place(row)].add(page.number)
    few = 2 if len(pages) <= _FEW_PAGES else 3
    # With a number in it twice is enough: a chapter's header on a short chapter.
    running = {place for place, on in seen.items() if len(on) >= (2 if "#" in place[0] else few)}
    for page in pages:
        page.rows = _without(page, running)
        page.aside = [row for row in page.aside if _place(row) not in running]


def _without(page: Page, running: set[Place]) -> list[list[Word]]:
    """The rows without those at the edges that run, where the text keeps a distance from them."""
    rows = [row for row in page.rows if row]
    first, last = 0, len(rows)
    while first < last and _is_running(rows[first], page, running):
        first += 1
    while 0 < first < len(rows) and not _keeps_off(rows[first - 1], rows[first], rows[first - 1]):
        first -= 1
    while last > first and _is_running(rows[last - 1], page, running):
        last -= 1
    while first < last < len(rows) and not _keeps_off(rows[last - 1], rows[last], rows[last]):
        last += 1
    return rows[first:last]


def _keeps_off(above: Sequence[Word], below: Sequence[Word], row: Sequence[Word]) -> bool:
    return above[0].base - below[0].base >= _DISTANCE * row[0].size


def _is_running(row: Sequence[Word], page: Page, running: set[Place]) -> bool:
    if _MARGIN < row[0].base / (page.height or 1.0) < 1 - _MARGIN:
        return False
    return bool(_PAGE_NUMBER.fullmatch(_text(row))) or _place(row) in running


def _place(row: Sequence[Word]) -> Place:
    return _DIGITS.sub("#", _text(row)), round(row[0].base) if row else 0


def _text(row: Sequence[Word]) -> str:
    return " ".join(word.text for word in row)
