"""DOCX: paragraphs, headings, lists and tables in their order; running headers and footers stay out.

Merged cells are repeated in every place they cover. The zip is measured before it is opened.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from docx import Document
from docx.document import Document as DocxDocument
from docx.oxml.ns import qn
from docx.table import Table
from docx.text.paragraph import Paragraph

from . import markdown
from .plain import normalise
from .reading import Reading, UnreadableError

MAX_MEMBER = 100 * 2**20
MAX_UNPACKED = 200 * 2**20
MAX_MEMBERS = 10_000

_HEADING = re.compile(r"heading\s*([1-9])", re.IGNORECASE)


def read(content: bytes) -> Reading:
    check_zip(content)
    try:
        document = Document(io.BytesIO(content))
    except Exception as error:  # noqa: BLE001  python-docx lets through what zipfile, lxml and its parts raise
        raise UnreadableError(f"it is not a DOCX file that can be opened: {error}") from None
    return Reading(normalise("\n\n".join(_blocks(document))))


def check_zip(content: bytes) -> None:
    """Refuse an archive that would unpack beyond all measure."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sizes = [member.file_size for member in archive.infolist()]
    except zipfile.BadZipFile as error:
        raise UnreadableError(f"it is not a DOCX file: {error}") from None
    if len(sizes) > MAX_MEMBERS or max(sizes, default=0) > MAX_MEMBER or sum(sizes) > MAX_UNPACKED:
        raise UnreadableError(
            f"it would unpack to {sum(sizes) / 2**20:.0f} MiB in {len(sizes)} parts; "
            f"at most {MAX_UNPACKED // 2**20} MiB, {MAX_MEMBER // 2**20} MiB a part, are opened"
        )


def _blocks(document: DocxDocument) -> Iterator[str]:
    has_title = any(_style(paragraph) == "Title" for paragraph in document.paragraphs)
    items: list[str] = []
    for block in document.iter_inner_content():
        listed = isinstance(block, Paragraph) and _is_item(block)
        if items and not listed:
            yield "\n".join(items)
            items = []
        if isinstance(block, Table):
            text = markdown.table([[cell.text for cell in row.cells] for row in block.rows])
        elif listed:
            items += [markdown.item(block.text, _depth(block))] if block.text.strip() else []
            continue
        else:
            text = _paragraph(block, has_title=has_title)
        if text:
            yield text
    if items:
        yield "\n".join(items)


def _paragraph(paragraph: Paragraph, *, has_title: bool) -> str:
    if not paragraph.text.strip():
        return ""
    level = _level(paragraph)
    if level is None:
        return markdown.paragraph(paragraph.text)
    # Under a title every other heading stands one lower.
    return markdown.heading(level + (1 if has_title and level > 0 else 0), paragraph.text)


def _level(paragraph: Paragraph) -> int | None:
    """The heading level: 0 for the title, None for a paragraph that is no heading."""
    style = _style(paragraph)
    if style == "Title":
        return 0
    if match := _HEADING.fullmatch(style):
        return int(match[1])
    # Styles of one's own, and in other languages, carry their level here.
    style_properties = paragraph.style.element.pPr if paragraph.style is not None else None
    properties = (_properties(paragraph), style_properties)
    for levels in (p.findall(qn("w:outlineLvl")) for p in properties if p is not None):
        for level in levels:
            value = int(level.get(qn("w:val"), "9"))
            return value + 1 if value < 9 else None
    return None


def _style(paragraph: Paragraph) -> str:
    return (paragraph.style.name if paragraph.style is not None else "") or ""


def _properties(paragraph: Paragraph) -> Any:
    return paragraph._p.pPr  # noqa: SLF001  the one way to a paragraph's list and outline level


def _is_item(paragraph: Paragraph) -> bool:
    properties = _properties(paragraph)
    numbered = properties is not None and properties.numPr is not None
    return (numbered or _style(paragraph).startswith("List")) and _level(paragraph) is None


def _depth(paragraph: Paragraph) -> int:
    properties = _properties(paragraph)
    if properties is not None and properties.numPr is not None and properties.numPr.ilvl is not None:
        return int(properties.numPr.ilvl.val)
    match = re.search(r"\d$", _style(paragraph))
    return int(match[0]) - 1 if match else 0
