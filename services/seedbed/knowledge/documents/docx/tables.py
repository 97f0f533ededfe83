"""Tables of a DOCX as rows of cells: merged cells in every place they cover, deleted rows left out."""

from collections import Counter
from collections.abc import Callable, Iterator

from seedbed.knowledge.documents.markdown import MAX_SPAN, Block, Heading, Table, check_table
from seedbed.knowledge.documents.markdown import cell as join_cell

from .package import Element, child, is_on, name, number, value
from .runs import choose

_CONTAINERS = frozenset(("w:sdt", "w:sdtContent", "w:customXml", "w:ins", "w:moveTo", "w:smartTag"))

ReadCell = Callable[[Element], list[Block]]


def read_table(table: Element, read: ReadCell, left_out: Counter[str]) -> list[Block]:
    """A table of data as one block; one that only lays out or frames a page as the blocks in it."""
    rows = [[(cell, read(cell)) for cell in _cells(row, left_out)] for row in _rows(table, left_out)]
    inside = [block for row in rows for _, blocks in row for block in blocks]
    if _is_layout([[blocks for _, blocks in row] for row in rows], inside):
        return inside
    return [Table(_grid(rows))] if inside else []


def _is_layout(rows: list[list[list[Block]]], inside: list[Block]) -> bool:
    if any(isinstance(block, Heading) for block in inside):
        return True
    one_wide = len(rows) == 1 or max(map(len, rows), default=0) == 1
    lone = sum(map(len, rows)) == 1
    return lone or (one_wide and any(isinstance(block, Table) for block in inside))


def _rows(table: Element, left_out: Counter[str]) -> Iterator[Element]:
    for row in _members(table, "w:tr"):
        properties = child(row, "w:trPr")
        if child(properties, "w:del") is not None:
            left_out["tracked deletion"] += 1
        elif is_on(child(properties, "w:hidden")):
            left_out["hidden passage"] += 1
        else:
            yield row


def _cells(row: Element, left_out: Counter[str]) -> Iterator[Element]:
    for cell in _members(row, "w:tc"):
        if child(child(cell, "w:tcPr"), "w:cellDel") is not None:
            left_out["tracked deletion"] += 1
        else:
            yield cell


def _members(parent: Element, wanted: str) -> Iterator[Element]:
    """The rows of a table or the cells of a row, in whatever holds them."""
    for inner in parent:
        kind = name(inner)
        if kind == wanted:
            yield inner
        elif kind == "mc:AlternateContent":
            yield from _members(choose(inner), wanted)
        elif kind in _CONTAINERS:
            yield from _members(inner, wanted)


def _grid(rows: list[list[tuple[Element, list[Block]]]]) -> list[list[str]]:
    grid: list[list[str]] = []
    # What hangs down into each column from a cell above.
    hanging: dict[int, str] = {}
    cells = letters = 0
    for row in rows:
        line = [""] * _before(row)
        for cell, blocks in row:
            properties = child(cell, "w:tcPr")
            merged = child(properties, "w:vMerge")
            text = join_cell(blocks)
            if merged is not None and value(properties, "w:vMerge", "continue") != "restart":
                text = hanging.get(len(line), text)
            place, span = len(line), _span(properties)
            line += [text] * span
            cells, letters = cells + span, letters + span * len(text)
            check_table(cells, letters)
            hanging |= dict.fromkeys(range(place, place + span), text)
        grid.append(line)
    return grid


def _before(row: list[tuple[Element, list[Block]]]) -> int:
    """How many places are left free before the first cell of a row."""
    if not row:
        return 0
    properties = child(row[0][0].getparent(), "w:trPr")
    return min(max(number(value(properties, "w:gridBefore")), 0), MAX_SPAN)


def _span(properties: Element | None) -> int:
    return min(max(number(value(properties, "w:gridSpan"), 1), 1), MAX_SPAN)
