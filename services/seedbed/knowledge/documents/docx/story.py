"""What a reader of a DOCX sees, in its order; running headers and footers stay out.

Tracked changes are read as accepted. List numbers are counted; notes stand after the block that refers to
them, text boxes after the paragraph that holds them.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

from seedbed.knowledge.documents import markdown
from seedbed.knowledge.documents.markdown import Block, Code, Heading, Item
from seedbed.knowledge.documents.plain import normalise
from seedbed.knowledge.documents.reading import Reading, note_left_out
from seedbed.knowledge.documents.superscripts import Piece, join_levels

from .notes import Notes
from .numbering import Numbering
from .package import Element, Package, attribute, child, name, number, value
from .runs import Runs, choose
from .styles import Style, Styles, hidden_of, outline_of
from .tables import read_table

_CONTAINERS = frozenset(("w:sdt", "w:sdtContent", "w:customXml", "w:ins", "w:moveTo", "w:smartTag"))
_DELETED = ("w:del", "w:moveFrom")
# What should stand in a paragraph.
_LOOSE = frozenset(("m:oMathPara", "m:oMath", "w:r", "w:hyperlink", "w:fldSimple"))
_CODE = re.compile(
    r"html preformatted|(?:source )?code(?: block)?|listing|preformatted text|macro text", re.IGNORECASE
)
_LIST_STYLES = ("List Bullet", "List Number")
_DROP_CAPS = ("drop", "margin")


def read(content: bytes) -> Reading:
    package = Package(content)
    root = package.main()
    story = Story(package, root)
    body = child(root, "w:body")
    text = markdown.write(story.blocks(body if body is not None else root))
    return Reading(normalise(text), notes=note_left_out(story.left_out))


class Story:
    """Reads the blocks of a document one after the other: numbers and notes are counted on the way."""

    def __init__(self, package: Package, root: Element) -> None:
        self.left_out: Counter[str] = Counter()
        self._styles = Styles(package.related("styles"))
        self._numbering = Numbering(package.related("numbering"))
        self._marks = Notes(package.related("footnotes"), package.related("endnotes"))
        self._runs = Runs(root, self._styles, self._marks, self.left_out)
        self._carried: list[Piece] = []
        """The line of a paragraph that goes on in the next one."""
        styled = (element for element in root.iter() if name(element) == "w:pStyle")
        self._has_title = any(self._styles.get(attribute(each, "val")).heading == 0 for each in styled)

    def blocks(self, elements: Iterable[Element]) -> Iterator[Block]:
        """Blocks, each followed by the notes that it refers to."""
        for block in _join_code(self._blocks(elements)):
            yield block
            for note in self._marks.take_due():
                yield f"[^{note.label}]: {markdown.cell(self._blocks(note.content))}"

    def _blocks(self, elements: Iterable[Element]) -> Iterator[Block]:
        for element in elements:
            kind = name(element)
            if kind == "w:p":
                yield from self._paragraph(element)
            elif kind == "w:tbl":
                yield from self._end_line()
                yield from read_table(element, lambda cell: list(self._blocks(cell)), self.left_out)
            elif kind == "mc:AlternateContent":
                yield from self._blocks(choose(element))
            elif kind in _CONTAINERS:
                yield from self._blocks(element)
            elif kind in _DELETED:
                self._runs.skip(element, "tracked deletion")
            elif kind == "w:altChunk":
                self.left_out["embedded document"] += 1
            elif kind in _LOOSE:
                self._carried += self._runs.read([element], self._styles.default)
        yield from self._end_line()

    def _end_line(self) -> Iterator[Block]:
        """What was to go on in the next paragraph, where none follows."""
        pieces, self._carried = self._carried, []
        yield from _paragraphs(join_levels(pieces))

    def _paragraph(self, paragraph: Element) -> Iterator[Block]:
        properties = child(paragraph, "w:pPr")
        key = value(properties, "w:pStyle") or self._styles.default
        self._carried += self._runs.read(paragraph, key)
        shapes = self._runs.take_shapes()
        if not _goes_on(properties):
            text, self._carried = join_levels(self._carried), []
            # Empty ones are counted, too, unless they are hidden.
            seen = bool(text.strip()) or not hidden_of(child(properties, "w:rPr"))
            yield from self._block(text, properties, key, self._label(properties, key) if seen else None)
        for shape in shapes:
            yield from self._blocks(shape)

    def _block(self, text: str, properties: Element | None, key: str, label: str | None) -> Iterator[Block]:
        style, level = self._styles.get(key), outline_of(properties)
        if _CODE.fullmatch(style.name):
            yield Code(text)
            return
        if not text.strip():
            return
        level = style.heading if level is None else level or None
        if level is not None:
            # Under a title every other heading stands one lower.
            below = 1 if self._has_title and level > 0 else 0
            yield Heading(level + below, f"{label or ''} {text}")
        elif label is None and not style.name.startswith(_LIST_STYLES):
            yield from _paragraphs(text)
        else:
            yield Item(_depth(properties, style), label or "", (markdown.fold(text),))

    def _label(self, properties: Element | None, key: str) -> str | None:
        """A paragraph's label: "" for a bullet, None where it is in no list."""
        own, style = child(properties, "w:numPr"), self._styles.get(key)
        list_id = value(own, "w:numId") or style.list_id
        if not list_id or list_id == "0":
            return None
        level = child(own, "w:ilvl")
        if level is not None:
            place = number(attribute(level, "val"))
        elif style.list_level is not None:
            place = style.list_level
        else:
            place = self._numbering.level_of_style(list_id, key)
        return self._numbering.next_label(list_id, place) or ""


def _join_code(blocks: Iterable[Block]) -> Iterator[Block]:
    """Paragraphs of code are the lines of one listing."""
    lines: list[str] = []
    for block in chain(blocks, [""]):
        if isinstance(block, Code):
            lines.append(block.text)
            continue
        if any(line.strip() for line in lines):
            yield Code("\n".join(lines))
        lines = []
        if block:
            yield block


def _paragraphs(text: str) -> Iterator[Block]:
    if written := markdown.paragraph(text):
        yield written


def _goes_on(properties: Element | None) -> bool:
    """Whether a paragraph's line goes on in the next: its end was deleted, or it is a large first letter."""
    mark = child(properties, "w:rPr")
    if any(child(mark, change) is not None for change in _DELETED):
        return True
    frame = child(properties, "w:framePr")
    return frame is not None and attribute(frame, "dropCap") in _DROP_CAPS


def _depth(properties: Element | None, style: Style) -> int:
    level = number(value(child(properties, "w:numPr"), "w:ilvl")) or style.list_level or 0
    # `List Bullet 2` is a list of its own, and begins at its first level.
    digit = re.search(r"[1-9]$", style.name)
    return level or (int(digit[0]) - 1 if digit else 0)
