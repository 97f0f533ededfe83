"""Writes Markdown blocks: what the readers of HTML, PDF and DOCX have in common."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .reading import UnreadableError

# Starts that would make Markdown out of what was plain text in the source.
_MARKUP_START = re.compile(r"^( {0,3})(?=#{1,6}(?:\s|$)|={2,}\s*$|-{2,}\s*$|`{3,}|~{3,})", re.MULTILINE)
_SPACE = re.compile(r"\s+")
_LINE = re.compile(r"\n(?=[^\n])")
_LIST_NUMBER = re.compile(r"\d{1,9}[.)]")
# A merged cell of thousands is a mistake, or an attack: it stands in every place that it covers.
MAX_SPAN = 100
MAX_CELLS = 1_000_000
MAX_TABLE = 20_000_000


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; `level` counts from 1."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list; `label` is its number as it is shown, "" for a bullet."""

    depth: int
    label: str
    blocks: "tuple[Block, ...]"


@dataclass(frozen=True, slots=True)
class Table:
    """A table, merged cells in every place they cover."""

    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Code:
    """Lines that stay as they are."""

    text: str


@dataclass(frozen=True, slots=True)
class Quote:
    """Blocks in the words of another."""

    blocks: "tuple[Block, ...]"


@dataclass(frozen=True, slots=True)
class List:
    """Items that are a list of their own, whatever stands before or after it."""

    items: tuple[Item, ...]


Block = str | Heading | Item | List | Table | Code | Quote
"""What readers make of a source; text that is no heading, list or table is Markdown already."""


def write(blocks: Iterable[Block]) -> str:
    """Markdown text of blocks, an empty line between two."""
    return "\n\n".join(_written(blocks))


def _written(blocks: Iterable[Block]) -> Iterator[str]:
    items: list[Item] = []
    for block in blocks:
        if isinstance(block, Item):
            items.append(block)
            continue
        if items:
            yield _list(items)
            items = []
        if text := _block(block):
            yield text
    if items:
        yield _list(items)


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return heading(block.level, block.text)
    if isinstance(block, Table):
        return table(block.rows)
    if isinstance(block, Code):
        return code(block.text)
    if isinstance(block, List):
        return _list(block.items)
    return quote(write(block.blocks)) if isinstance(block, Quote) else str(block)


def _list(items: Sequence[Item]) -> str:
    lines: list[str] = []
    # How far the items of each depth stand in; a list never begins deeper than one step below its parent.
    indents: list[int] = [0]
    for each in items:
        depth = min(each.depth, len(indents) - 1)
        indent = indents[depth]
        mark = _mark(each.label)
        del indents[depth + 1 :]
        indents.append(indent + mark.index(" ") + 1 if " " in mark else indent + len(mark) + 1)
        text = _LINE.sub(f"\n{' ' * indents[-1]}", "\n".join(_written(each.blocks)))
        lines.append(f"{' ' * indent}{mark} {text}".rstrip())
    return "\n".join(lines)


def _mark(label: str) -> str:
    """What opens an item: a number where Markdown has such numbers, else a bullet before the label."""
    if not label:
        return "-"
    return label if _LIST_NUMBER.fullmatch(label) else f"- {label}"


def fold(text: str) -> str:
    """Make one line of a text, with single spaces."""
    return _SPACE.sub(" ", text).strip()


def flat(block: Block) -> str:
    """A block without line breaks; of a table, cells are parted by commas and rows by semicolons."""
    if isinstance(block, Heading | Code):
        return fold(block.text)
    if isinstance(block, Item):
        return fold(f"{block.label} {cell(block.blocks)}")
    if isinstance(block, Table):
        return "; ".join(", ".join(filter(None, map(fold, row))) for row in block.rows)
    if isinstance(block, List):
        return cell(block.items)
    return cell(block.blocks) if isinstance(block, Quote) else fold(block)


def cell(blocks: Iterable[Block]) -> str:
    """Blocks on one line, as they stand in a cell of a table."""
    line = ""
    last: Block = ""
    for block in blocks:
        if text := flat(block):
            items = isinstance(block, Item) and isinstance(last, Item)
            line += f"{'; ' if items else ' '}{text}" if line else text
        last = block
    return line


def heading(level: int, text: str) -> str:
    return f"{'#' * min(max(level, 1), 6)} {fold(text)}"


def paragraph(text: str) -> str:
    """A block of plain text that Markdown will read as nothing else."""
    lines = (line.strip() for line in text.strip().splitlines())
    return _MARKUP_START.sub(r"\1\\", "\n".join(line for line in lines if line))


def code(text: str) -> str:
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return f"{fence}\n{text.strip(chr(10))}\n{fence}"


def quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def check_table(cells: int, letters: int) -> None:
    """Refuse a table that merged cells blow up beyond all measure."""
    if cells > MAX_CELLS:
        raise UnreadableError(f"a table of more than {MAX_CELLS} cells")
    if letters > MAX_TABLE:
        raise UnreadableError(
            f"a table whose cells, merged ones repeated, hold more than {MAX_TABLE} letters"
        )


def table(rows: Sequence[Sequence[str]]) -> str:
    """A pipe table, the first row as its head; rows that are too short are filled up."""
    cells = [[fold(cell).replace("|", "\\|") for cell in row] for row in rows]
    cells = [row for row in cells if any(row)]
    if not cells:
        return ""
    width = max(len(row) for row in cells)
    check_table(len(cells) * width, 0)
    lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in cells]
    return "\n".join([lines[0], f"|{' --- |' * width}", *lines[1:]])
