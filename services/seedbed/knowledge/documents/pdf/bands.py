"""Bands of a page: what stands side by side, for as long as nothing runs across, and the columns in it.

Pure. All widths are in sizes of type.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import inf
from statistics import median

from .lines import Line, part
from .tables import Grid

Item = Line | Grid
Interval = tuple[float, float]

MOST_GUTTERS = 12
# How much of the height of the smaller one two items share that stand side by side.
_BESIDE = 0.4
_MOST_BESIDE = 200
# So far may the edges of columns reach into each other.
OVERLAP = 0.3
_END_OF_BAND = 6.0
_TIGHT = 1.3
_SAME_COLUMN, _MOST_HEAD_LINES = 4.0, 2


def find_beside(items: Sequence[Item]) -> list[bool]:
    """Which items have another at their side. From the top."""
    found = [False] * len(items)
    for number, item in enumerate(items):
        for other in range(number + 1, min(number + _MOST_BESIDE, len(items))):
            shared = min(item.top, items[other].top) - max(item.bottom, items[other].bottom)
            if items[other].top <= item.bottom:
                break
            least = min(item.top - item.bottom, items[other].top - items[other].bottom)
            apart = items[other].left >= item.right or item.left >= items[other].right
            if apart and shared > _BESIDE * least:
                found[number] = found[other] = True
                if isinstance(item, Line):
                    break
    return found


def take_band(
    items: Sequence[Item], beside: Sequence[bool], start: int
) -> tuple[list[Item], list[Interval], int]:
    """The items from `start` on that stand in common columns, these columns, and where the next item is."""
    columns: list[Interval] = []
    band: list[Item] = []
    ends: list[int] = []
    lowest = items[start].bottom
    place = start
    while place < len(items):
        item = items[place]
        if lowest - item.top > _END_OF_BAND * item.size:
            break
        if _entered(columns, item) is None:
            columns = _joined(band, columns)
        parts = [item] if _entered(columns, item) is not None else _parted(item, columns)
        if parts is None:
            break
        for one in parts:
            columns = _entered(columns, one) or columns
            band.append(one)
            ends.append(place + 1)
        lowest, place = min(lowest, item.bottom), place + 1
    while len(band) > 1 and not beside[ends[-1] - 1] and not _belongs(band, columns):
        if len(ends) > 1 and ends[-2] == ends[-1]:
            break
        band.pop()
        ends.pop()
    return band, columns_of(band), ends[-1]


def columns_of(items: Sequence[Item]) -> list[Interval]:
    columns: list[Interval] = []
    for number, item in enumerate(items):
        if _entered(columns, item) is None:
            columns = _joined(items[:number], columns)
        columns = _entered(columns, item) or columns
    return _joined(items, columns)


def take_head(item: Item, band: Sequence[Item], columns: Sequence[Interval]) -> list[Item] | None:
    """A table's first row, whose cells stand so close that they were taken for one line."""
    steps = [one.top - other.top for one, other in pairwise(band) if one.top - other.top > one.size / 2]
    step = item.top - max(one.top for one in band)
    if len(columns) < 2 or not steps or step > _TIGHT * median(steps):
        return None
    parts = _parted(item, columns)
    return parts if parts and 2 * len(parts) > len(columns) and len(parts) > 1 else None


def begins_above(item: Item, band: Sequence[Item], columns: list[Interval]) -> bool:
    """Whether a later column begins with an item that stands higher than what begins the first one."""
    if item.left < columns[0][1] or _entered(columns, item) is None:
        return False
    before = [one.order for one in band if one.right <= item.left]
    return bool(before) and item.order > min(before)


def _parted(item: Item, columns: Sequence[Interval]) -> list[Item] | None:
    """A line over several columns that keeps to them, as one line in each."""
    if not isinstance(item, Line):
        return None
    slack = OVERLAP * item.size
    hit = [one for one in columns if item.left < one[1] - slack and item.right > one[0] + slack]
    parts = part(item, hit)
    return list(parts) if parts else None


def _entered(columns: list[Interval], item: Item) -> list[Interval] | None:
    """The columns with an item in its place; None where it stands across several."""
    slack = OVERLAP * item.size
    hit = [one for one in columns if item.left < one[1] - slack and item.right > one[0] + slack]
    if len(hit) > 1:
        return None
    rest = [one for one in columns if one not in hit]
    left, right = hit[0] if hit else (item.left, item.right)
    return sorted([*rest, (min(left, item.left), max(right, item.right))])


def _joined(items: Sequence[Item], columns: list[Interval]) -> list[Interval]:
    """Columns without those that are two only as a head stands left and its numbers right."""
    if len(columns) < 2 or len(columns) > MOST_GUTTERS:
        return columns
    parts: list[list[Item]] = [[] for _ in columns]
    for item in items:
        parts[max(bisect_right(columns, (item.left, inf)) - 1, 0)].append(item)
    for place in sorted(range(len(columns) - 1), key=lambda n: columns[n + 1][0] - columns[n][1]):
        gap = columns[place + 1][0] - columns[place][1]
        if gap < _SAME_COLUMN * items[0].size and _is_head_of(parts[place], parts[place + 1]):
            merged = (columns[place][0], columns[place + 1][1])
            return _joined(items, [*columns[:place], merged, *columns[place + 2 :]])
    return columns


def _is_head_of(left: Sequence[Item], right: Sequence[Item]) -> bool:
    """Whether one of two columns is no more than a head over the other."""
    upper, lower = sorted((left, right), key=lambda side: -max(item.top for item in side))
    above = min(item.bottom for item in upper) >= max(item.top for item in lower) - _BESIDE * lower[0].size
    return above and len(upper) <= _MOST_HEAD_LINES


def _belongs(band: Sequence[Item], columns: Sequence[Interval]) -> bool:
    """Whether the last item of a band, with nothing at its side, is of its columns or follows below them."""
    last, before = band[-1], band[:-1]
    to_the_right = [item.order for item in before if item.left > last.right]
    if to_the_right and last.order < min(to_the_right):
        return True
    same = [item for item in before if item.left < last.right and item.right > last.left]
    if not to_the_right and same and not isinstance(last, Grid):
        to_the_left = [item.order for item in before if item.right < last.left]
        if to_the_left and min(item.order for item in same) > max(to_the_left):
            return True
    tops = sorted({round(item.top) for item in before}, reverse=True)
    steps = [one - other for one, other in pairwise(tops)]
    step = tops[-1] - last.top
    return bool(steps) and len(columns) > 1 and step <= _TIGHT * median(steps)
