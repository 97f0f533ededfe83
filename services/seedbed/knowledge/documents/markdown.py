"""Writes Markdown blocks: what the readers of HTML, PDF and DOCX have in common."""

import re
from collections.abc import Sequence

# Starts that would make Markdown out of what was plain text in the source.
_MARKUP_START = re.compile(r"^( {0,3})(?=#{1,6}(?:\s|$)|={2,}\s*$|-{2,}\s*$|`{3,}|~{3,})", re.MULTILINE)
_SPACE = re.compile(r"\s+")


def fold(text: str) -> str:
    """Make one line of a text, with single spaces."""
    return _SPACE.sub(" ", text).strip()


def heading(level: int, text: str) -> str:
    return f"{'#' * min(max(level, 1), 6)} {fold(text)}"


def paragraph(text: str) -> str:
    """A block of plain text that Markdown will read as nothing else."""
    lines = (line.strip() for line in text.strip().splitlines())
    return _MARKUP_START.sub(r"\1\\", "\n".join(line for line in lines if line))


def item(text: str, depth: int = 0, number: int = 0) -> str:
    """One line of a list; numbered where `number` is not 0."""
    mark = f"{number}." if number else "-"
    return f"{'  ' * depth}{mark} {fold(text)}"


def code(text: str) -> str:
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return f"{fence}\n{text.strip(chr(10))}\n{fence}"


def quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def table(rows: Sequence[Sequence[str]]) -> str:
    """A pipe table, the first row as its head; rows that are too short are filled up."""
    cells = [[fold(cell).replace("|", "\\|") for cell in row] for row in rows]
    cells = [row for row in cells if any(row)]
    if not cells:
        return ""
    width = max(len(row) for row in cells)
    lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in cells]
    return "\n".join([lines[0], f"|{' --- |' * width}", *lines[1:]])
