"""The order in which a page is read: column by column, or row by row where it is a table.

Pure. All widths are in sizes of type.
"""

from collections.abc import Sequence
from itertools import pairwise

from .bands import (
    MOST_GUTTERS,
    OVERLAP,
    Interval,
    Item,
    begins_above,
    columns_of,
    find_beside,
    take_band,
    take_head,
)
from .lines import Line, join
from .tables import Grid, grid_of

_CLEAR_GUTTER = 1.5
_FEW_ROWS = 2
_DEEPEST = 8
_MOST_ITEMS = 3000
# So wide is a line of prose, and so much of its column do most of them fill.
_PROSE, _FILLED = 12.0, 0.6
_GOES_ON = 0.3
# So far from a name may its value stand up or down.
_LEVEL = 0.5


def arrange(items: Sequence[Item], rules: Sequence[float] = (), depth: int = 0) -> list[Item]:
    """Bring a page's lines and tables into order; `rules` are the heights of lines drawn across."""
    ordered = sorted(items, key=lambda item: (-item.top, item.left))
    if len(ordered) > _MOST_ITEMS:
        return ordered
    beside = find_beside(ordered)
    result: list[Item] = []
    place = 0
    while place < len(ordered):
        if not beside[place]:
            result.append(ordered[place])
            place += 1
            continue
        band, columns, place = take_band(ordered, beside, place)
        while result and begins_above(result[-1], band, columns):
            band.insert(0, result.pop())
        if result and (head := take_head(result[-1], band, columns)):
            result.pop()
            band[:0] = head
        result += _resolve(band, columns_of(band), rules, depth)
    return result


def _resolve(
    band: Sequence[Item], columns: Sequence[Interval], rules: Sequence[float], depth: int
) -> list[Item]:
    gutters = sorted(
        ((right[0] - left[1], (left[1] + right[0]) / 2) for left, right in pairwise(columns)), reverse=True
    )
    for _, middle in gutters[:MOST_GUTTERS]:
        left = [item for item in band if item.left < middle]
        right = [item for item in band if item.left >= middle]
        if depth < _DEEPEST and _are_columns(left, right):
            return arrange(left, rules, depth + 1) + arrange(right, rules, depth + 1)
    lines = [item for item in band if isinstance(item, Line)]
    rows = rows_of(lines)
    several = sum(len(row) > 1 for row in rows)
    sparse = several * 3 < len(rows) and bool(gutters) and _is_margin(band, gutters[-1][1])
    narrow = not gutters or gutters[-1][0] < _CLEAR_GUTTER * lines[0].size if lines else True
    if len(lines) < len(band) or not gutters or sparse or several < _FEW_ROWS + narrow:
        whole = [join(row) for row in rows]
        return sorted([*whole, *(item for item in band if isinstance(item, Grid))], key=lambda i: -i.top)
    return [grid_of(rows, [middle for _, middle in sorted(gutters, key=lambda g: g[1])], rules)]


def _is_margin(band: Sequence[Item], middle: float) -> bool:
    """Whether what stands to the right are words set beside a text here and there, and no cells."""
    right = [item for item in band if item.left >= middle]
    numbers = sum(isinstance(item, Line) and any(map(str.isdecimal, item.text)) for item in right)
    return 2 * numbers < len(right) and _is_prose([item for item in band if item.left < middle])


def rows_of(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines by the row they stand in, from the top."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: -line.base):
        if rows and rows[-1][0].base - line.base <= OVERLAP * min(line.size, rows[-1][0].size):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.left) for row in rows]


def _are_columns(left: Sequence[Item], right: Sequence[Item]) -> bool:
    """Whether two sides are read one after the other, and not row by row."""
    prose = [_is_prose(side) for side in (left, right)]
    ordered = sorted([*((item.order, 0) for item in left), *((item.order, 1) for item in right)])
    turns = sum(one[1] != other[1] for one, other in pairwise(ordered))
    if turns == 1:
        return any(prose) or not _are_values(left, right)
    return all(prose) and min(map(_going_on, (left, right))) >= _GOES_ON


def _is_prose(side: Sequence[Item]) -> bool:
    """Whether most of a side's lines are long and fill it."""
    lines = [join(row) for row in rows_of([item for item in side if isinstance(item, Line)])]
    if not lines:
        return False
    width = max(line.right for line in lines) - min(line.left for line in lines)
    long = [
        line
        for line in lines
        if line.right - line.left >= max(_PROSE * line.size, _FILLED * width) and not line.mono
    ]
    return 2 * sum(len(line.text) for line in long) > sum(len(line.text) for line in lines)


def _going_on(side: Sequence[Item]) -> float:
    """Which share of a side's lines goes on with a sentence."""
    lines = [join(row) for row in rows_of([item for item in side if isinstance(item, Line)])]
    on = sum(line.text[:1].isalpha() and not line.text[:1].isupper() for line in lines[1:])
    return on / max(len(lines) - 1, 1)


def _are_values(left: Sequence[Item], right: Sequence[Item]) -> bool:
    """Whether one side names what the other gives, though they were written one after the other."""
    names, values = (
        [join(row) for row in rows_of([item for item in side if isinstance(item, Line)])]
        for side in (left, right)
    )
    # From the top, as both sides are.
    waiting = iter(names)
    level = all(
        any(abs(name.base - value.base) <= _LEVEL * value.size for name in waiting) for value in values
    )
    numbers = sum(any(map(str.isdecimal, value.text)) for value in values)
    named = sum(name.text.endswith((":", "\uff1a")) for name in names)
    return level and (2 * numbers >= len(values) or 2 * named >= len(names))
