"""Tables of an HTML page: their own rows and cells, and merged cells in every place they cover."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from seedbed.knowledge.documents.markdown import MAX_SPAN, check_table

# Column → text, and the number of rows it still reaches down.
Hanging = dict[int, tuple[str, int]]


@dataclass(slots=True)
class Parts:
    """What belongs to a table itself, and to none inside it."""

    captions: list[LexborNode] = field(default_factory=list)
    rows: list[list[LexborNode]] = field(default_factory=list)


def take_apart(table: LexborNode) -> Parts:
    parts = Parts()
    for child in _members(table):
        if child.tag == "caption":
            parts.captions.append(child)
        else:
            parts.rows.append([cell for cell in child.iter() if cell.tag in ("td", "th")])
    return parts


def _members(table: LexborNode) -> Iterator[LexborNode]:
    for child in table.iter():
        if child.tag in ("tr", "caption"):
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from _members(child)


def merge(rows: list[list[LexborNode]], read: Callable[[LexborNode], str]) -> list[list[str]]:
    """The cells by row and column, merged ones repeated."""
    grid: list[list[str]] = []
    hanging: Hanging = {}
    cells = letters = 0
    for row in rows:
        line, hanging = _row(row, hanging, read)
        cells, letters = cells + len(line), letters + sum(map(len, line))
        check_table(cells, letters)
        grid.append(line)
    return grid


def _row(
    cells: list[LexborNode], hanging: Hanging, read: Callable[[LexborNode], str]
) -> tuple[list[str], Hanging]:
    """One row, with what hangs into it from above, and what hangs from it into the next."""
    row: list[str] = []
    below: Hanging = {}

    def place(text: str, height: int) -> None:
        if height > 1:
            below[len(row)] = (text, height - 1)
        row.append(text)

    for cell in cells:
        while len(row) in hanging:
            place(*hanging[len(row)])
        text = read(cell)
        for _ in range(_span(cell, "colspan")):
            place(text, _span(cell, "rowspan"))
    while len(row) in hanging:
        place(*hanging[len(row)])
    return row, below


def _span(cell: LexborNode, name: str) -> int:
    value = cell.attributes.get(name) or ""
    return min(max(int(value), 1), MAX_SPAN) if value.isdecimal() and len(value) < 9 else 1
