"""Tables whose columns only the gaps between them tell: rows of lines become rows of cells. Pure."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .lines import Line

# By so much more than the smallest step rows stand apart where lines within a cell stand closer.
_LOOSE = 1.25
_OVERLAP = 0.85
_MOST_LINES_OF_A_ROW = 4
_FEW_ROWS_BY_RULES = 3


@dataclass(slots=True)
class Grid:
    """A table: its cells by row, and where it stands."""

    page: int
    rows: list[list[str]]
    left: float
    right: float
    top: float
    bottom: float
    size: float
    order: int


def grid_of(rows: Sequence[Sequence[Line]], gutters: Sequence[float], rules: Sequence[float]) -> Grid:
    """The table that these rows of lines make up; `gutters` are the middles of the gaps between columns."""
    lines = [line for row in rows for line in row]
    groups = _group(rows, gutters, [rule for rule in rules if rows[-1][0].base < rule < rows[0][0].base])
    return Grid(
        page=lines[0].page,
        rows=[_cells([line for row in group for line in row], gutters) for group in groups],
        left=min(line.left for line in lines),
        right=max(line.right for line in lines),
        top=max(line.top for line in lines),
        bottom=min(line.bottom for line in lines),
        size=lines[0].size,
        order=min(line.order for line in lines),
    )


def _cells(lines: Sequence[Line], gutters: Sequence[float]) -> list[str]:
    cells: list[list[str]] = [[] for _ in range(len(gutters) + 1)]
    for line in lines:
        cells[bisect_right(gutters, line.left)].append(line.text)
    return [" ".join(texts) for texts in cells]


def _group(
    rows: Sequence[Sequence[Line]], gutters: Sequence[float], rules: Sequence[float]
) -> list[list[Sequence[Line]]]:
    """Rows of lines that make up one row of cells, as their cells hold several lines."""
    steps = [one[0].base - other[0].base for one, other in pairwise(rows)]
    by_rules = _are_rules_between(rows, rules)
    loose = _LOOSE * min((step for step in steps if step >= _OVERLAP * rows[0][0].size), default=0.0)
    if by_rules or not _is_wrapped(rows, steps, loose, gutters):
        loose = 0.0
    groups: list[list[Sequence[Line]]] = [[rows[0]]]
    for number, row in enumerate(rows[1:]):
        if steps[number] < _OVERLAP * row[0].size:
            # Cells that stand in the middle of higher ones beside them.
            groups[-1].append(row)
            continue
        ruled = any(row[0].base < rule < rows[number][0].base for rule in rules)
        far = steps[number] > loose if loose else not _goes_on(groups[-1], row, gutters)
        if ruled or (not by_rules and far):
            groups.append([row])
        else:
            groups[-1].append(row)
    return groups


def _are_rules_between(rows: Sequence[Sequence[Line]], rules: Sequence[float]) -> bool:
    """Whether so many lines are drawn that each stands between two rows of cells."""
    bases = [row[0].base for row in rows]
    counts: dict[int, int] = {}
    for base in bases:
        above = sum(rule > base for rule in rules)
        counts[above] = counts.get(above, 0) + 1
    return len(counts) >= _FEW_ROWS_BY_RULES and max(counts.values()) <= _MOST_LINES_OF_A_ROW


def _is_wrapped(
    rows: Sequence[Sequence[Line]], steps: Sequence[float], loose: float, gutters: Sequence[float]
) -> bool:
    """Whether lines stand closer within cells than rows do: of those that stand close one alone is full."""
    if all(step <= loose for step in steps):
        return False
    half = (len(gutters) + 2) // 2
    full = len(rows[0]) > half
    for row, step in zip(rows[1:], steps, strict=True):
        if step > loose:
            full = False
        if full and len(row) > half:
            return False
        full |= len(row) > half
    return True


def _goes_on(group: Sequence[Sequence[Line]], row: Sequence[Line], gutters: Sequence[float]) -> bool:
    """Whether a row, as far as its words tell, goes on with the cells above it."""
    above = {bisect_right(gutters, line.left) for line in group[0]}
    own = [bisect_right(gutters, line.left) for line in row]
    if 0 in own:
        return len(own) == 1 and row[0].text[:1].islower() and len(above) > 1
    return (
        0 in above
        and len(own) * 2 <= len(above) + 1
        and set(own) <= above
        and any(line.text[:1].isalpha() for line in row)
    )
