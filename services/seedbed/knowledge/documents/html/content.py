"""HTML: headings, paragraphs, lists, quotes, code and tables as Markdown, without what serves the page only.

Merged cells are repeated in every place they cover. Emphasis and links are kept as their plain text.
"""

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from selectolax.lexbor import LexborHTMLParser, LexborNode

from seedbed.knowledge.documents import markdown
from seedbed.knowledge.documents.markdown import Block, Code, Heading, Item, List, Quote, Table
from seedbed.knowledge.documents.plain import decode, normalise
from seedbed.knowledge.documents.reading import Reading, UnreadableError, note_left_out

from . import text as inline_text
from .lists import definition_parts, label_items
from .page import HEADINGS, Page, is_code
from .tables import merge, take_apart

_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
# Pages name the smaller set and use the larger one.
_AS_BROWSERS_DO = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
}
_WHOLE = frozenset(("ul", "ol", "dl", "table", "blockquote"))
_TERM_ENDS = (":", "?", "!", ".", "：", "？", "؟", "。")


def read(content: bytes) -> Reading:
    tree = LexborHTMLParser(_decode(content))
    mains = tree.css("main, [role=main]")
    root = mains[0] if len(mains) == 1 else tree.body
    if root is None:
        return Reading("")
    page = Page(tree, root)
    blocks = list(_Content(page).blocks(root.iter(include_text=True)))
    title = tree.css_first("head > title")
    if title is not None and root.css_first("h1") is None and markdown.fold(title.text()):
        blocks.insert(0, Heading(1, title.text()))
    notes = note_left_out({"struck-out passage": page.struck_out})
    return Reading(normalise(markdown.write(blocks)), notes=notes)


def _decode(content: bytes) -> str:
    found = _CHARSET.search(content[:2048])
    if found is None or content.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return decode(content)
    charset = found[1].decode("ascii").lower()
    try:
        return content.decode(_AS_BROWSERS_DO.get(charset, charset))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableError(f"line {line} is not valid {charset} (byte {error.start})") from None
    except (LookupError, UnicodeError):
        raise UnreadableError(f"it names a character set that is not known: {charset}") from None


class _Content:
    """The content of a page as blocks."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def blocks(self, nodes: Iterable[LexborNode]) -> Iterator[Block]:
        """The blocks among nodes; runs of inline content between them are paragraphs."""
        inline: list[LexborNode] = []
        # What only holds others is gone into without a call: a page may be deep.
        inside = [iter(nodes)]
        while inside:
            node = next(inside[-1], None)
            if node is not None and not self._page.is_content(node):
                continue
            if node is not None and not self._page.is_block(node):
                inline.append(node)
                continue
            yield from self._paragraph(inline)
            inline = []
            if node is None:
                inside.pop()
            elif (parts := self._parts(node)) is not None:
                inside.append(parts)
            else:
                yield from self._block(node)

    def _parts(self, node: LexborNode) -> Iterator[LexborNode] | None:
        """What stands in a node that only holds others; None where it is more than that."""
        if node.tag == "table" and self._page.is_layout(node):
            parts = take_apart(node)
            return chain(parts.captions, *parts.rows)
        cards = node.tag == "ul" and self._page.has_headings(node)
        if not cards and (node.tag in _WHOLE or node.tag in HEADINGS or is_code(node)):
            return None
        return node.iter(include_text=True)

    def _paragraph(self, inline: Sequence[LexborNode]) -> Iterator[Block]:
        if text := markdown.paragraph(inline_text.lines(self._page, inline)):
            yield text

    def _block(self, node: LexborNode) -> Iterator[Block]:
        tag = node.tag or ""
        if tag in HEADINGS:
            if text := inline_text.line(self._page, [node]):
                yield Heading(HEADINGS[tag], text)
        elif tag in ("ul", "ol", "dl"):
            items = self._definitions(node) if tag == "dl" else self._items(node, 0)
            if found := tuple(items):
                yield List(found)
        elif tag == "table":
            parts = take_apart(node)
            yield from self.blocks(parts.captions)
            yield Table(merge(parts.rows, self._cell))
        elif tag == "blockquote":
            yield Quote(tuple(self.blocks(node.iter(include_text=True))))
        elif (text := inline_text.code(self._page, node)).strip():
            yield Code(text)

    def _items(self, node: LexborNode, depth: int) -> Iterator[Item]:
        for child, label in label_items(node):
            if not self._page.is_content(child):
                continue
            if child.tag in ("ul", "ol"):
                yield from self._items(child, depth + 1)
            else:
                yield from self._item(child, label, depth)

    def _item(self, node: LexborNode, label: str, depth: int) -> Iterator[Item]:
        parts = list(node.iter(include_text=True))
        inside = tuple(self._lines(part for part in parts if part.tag not in ("ul", "ol")))
        if inside:
            yield Item(depth, label, inside)
        for part in parts:
            if part.tag in ("ul", "ol") and self._page.is_content(part):
                yield from self._items(part, depth + 1)

    def _lines(self, nodes: Iterable[LexborNode]) -> Iterator[Block]:
        """The blocks among nodes, paragraphs and headings as one line each, one after the other in one."""
        words: list[str] = []
        for block in self.blocks(nodes):
            if isinstance(block, str | Heading):
                words.append(markdown.flat(block))
                continue
            if words:
                yield " ".join(words)
                words = []
            yield block
        if words:
            yield " ".join(words)

    def _definitions(self, node: LexborNode) -> Iterator[Item]:
        """Each term with what is said of it."""
        terms: list[str] = []
        said = True
        for child in definition_parts(node):
            if not self._page.is_content(child):
                continue
            if child.tag == "dt":
                terms = [*([] if said else terms), inline_text.line(self._page, [child])]
                said = False
            else:
                # What more is said of a term is a pair of its own.
                yield from _pair(terms, list(self._lines(child.iter(include_text=True))))
                said = True
        if not said:
            yield from _pair(terms, [])

    def _cell(self, cell: LexborNode) -> str:
        return markdown.cell(self.blocks([cell]))


def _pair(terms: Sequence[str], said: list[Block]) -> Iterator[Item]:
    term = ", ".join(filter(None, terms))
    if said and isinstance(said[0], str):
        between = " " if term.endswith(_TERM_ENDS) else ": "
        said = [f"{term}{between}{said[0]}" if term else said[0], *said[1:]]
    elif term:
        said = [term, *said]
    if said:
        yield Item(0, "", tuple(said))
