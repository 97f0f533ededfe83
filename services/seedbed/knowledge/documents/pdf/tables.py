"""Tables whose columns only the gaps between them show: rows of lines become rows of cells. Pure."""

from bisect import bisect_right
from collections import Counter
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


@dataclass(slots=True)
class _Block:
    """Lines that belong to one row of cells, as none stands clearly below the others."""

    lines: list[Line]
    top: float
    bottom: float
    columns: set[int]


def grid_of(rows: Sequence[Sequence[Line]], gutters: Sequence[float], rules: Sequence[float]) -> Grid:
    """The table that these rows of lines make up; `gutters` are the middles of the gaps between columns."""
    lines = [line for row in rows for line in row]
    inside = sorted(rule for rule in rules if rows[-1][0].base < rule < rows[0][0].base)
    return Grid(
        page=lines[0].page,
        rows=[_cells(group, gutters) for group in _group(_blocks(rows, gutters), inside, len(gutters) + 1)],
        left=min(line.left for line in lines),
        right=max(line.right for line in lines),
        top=max(line.top for line in lines),
        bottom=min(line.bottom for line in lines),
        size=lines[0].size,
        order=min(line.order for line in lines),
    )


def _cells(blocks: Sequence[_Block], gutters: Sequence[float]) -> list[str]:
    cells: list[list[str]] = [[] for _ in range(len(gutters) + 1)]
    for line in (line for block in blocks for line in block.lines):
        cells[bisect_right(gutters, line.left)].append(line.text)
    return [" ".join(texts) for texts in cells]


def _blocks(rows: Sequence[Sequence[Line]], gutters: Sequence[float]) -> list[_Block]:
    """Rows of lines, with what stands in the middle of higher cells beside it."""
    blocks: list[_Block] = []
    last: set[int] = set()
    for row in rows:
        base, columns = row[0].base, {bisect_right(gutters, line.left) for line in row}
        if blocks and blocks[-1].bottom - base < _OVERLAP * row[0].size and not columns & last:
            blocks[-1].lines += row
            blocks[-1].bottom = base
            blocks[-1].columns |= columns
        else:
            blocks.append(_Block(list(row), base, base, set(columns)))
        last = columns
    return blocks


def _group(blocks: Sequence[_Block], rules: Sequence[float], width: int) -> list[list[_Block]]:
    """Blocks that make up one row of cells, as their cells hold several lines."""
    steps = [one.bottom - other.top for one, other in pairwise(blocks)]
    by_rules = _are_rules_between(blocks, rules)
    loose = _LOOSE * min(steps, default=0.0)
    if by_rules or not _is_wrapped(blocks, steps, loose, width):
        loose = 0.0
    groups = [[blocks[0]]]
    for number, block in enumerate(blocks[1:]):
        ruled = bisect_right(rules, block.top) < bisect_right(rules, blocks[number].bottom)
        far = steps[number] > loose if loose else not _goes_on(groups[-1][0], block)
        if ruled or (not by_rules and far):
            groups.append([block])
        else:
            groups[-1].append(block)
    return groups


def _are_rules_between(blocks: Sequence[_Block], rules: Sequence[float]) -> bool:
    """Whether so many lines are drawn that each stands between two rows of cells."""
    counts = Counter(bisect_right(rules, block.top) for block in blocks)
    return len(counts) >= _FEW_ROWS_BY_RULES and max(counts.values()) <= _MOST_LINES_OF_A_ROW


def _is_wrapped(blocks: Sequence[_Block], steps: Sequence[float], loose: float, width: int) -> bool:
    """Whether lines stand closer within cells than rows do: of those that stand close one alone is full."""
    if all(step <= loose for step in steps):
        return False
    half = (width + 1) // 2
    full = len(blocks[0].columns) > half
    for block, step in zip(blocks[1:], steps, strict=True):
        if step > loose:
            full = False
        if full and len(block.columns) > half:
            return False
        full |= len(block.columns) > half
    return True


def _goes_on(first: _Block, block: _Block) -> bool:
    """Whether a block, by its words, goes on with the cells above it."""
    if 0 in block.columns:
        return len(block.columns) == 1 and block.lines[0].text[:1].islower() and len(first.columns) > 1
    return (
        0 in first.columns
        and len(block.columns) * 2 <= len(first.columns) + 1
        and block.columns <= first.columns
        and any(line.text[:1].isalpha() for line in block.lines)
    )
