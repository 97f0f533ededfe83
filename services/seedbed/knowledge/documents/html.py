"""HTML: headings, paragraphs, lists, quotes, code and tables as Markdown, without what serves the page only.

Merged cells are repeated in every place they cover. Emphasis and links are kept as their plain text.
"""

import codecs
import re
from collections.abc import Callable, Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from . import markdown
from .plain import decode, normalise
from .reading import Reading, UnreadableError

# Column → text, and the number of rows it still reaches down.
Hanging = dict[int, tuple[str, int]]

_DROPPED = frozenset(
    "script style noscript template nav footer head svg math iframe object canvas audio video form button "
    "input select textarea dialog".split()
)
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption "
    "figure h1 h2 h3 h4 h5 h6 header hgroup hr html li main ol p pre section summary table tbody td tfoot th "
    "thead tr ul".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
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
# A span of thousands in a page is a mistake, and memory.
_MAX_SPAN = 100
_MAX_CELLS = 1_000_000


def read(content: bytes) -> Reading:
    tree = LexborHTMLParser(_decode(content))
    mains = tree.css("main")
    root = mains[0] if len(mains) == 1 else tree.body
    if root is None:
        return Reading("")
    blocks = list(_blocks(root))
    title = tree.css_first("head > title")
    if title is not None and root.css_first("h1") is None and markdown.fold(title.text()):
        blocks.insert(0, markdown.heading(1, title.text()))
    return Reading(normalise("\n\n".join(blocks)))


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


def _blocks(node: LexborNode) -> Iterator[str]:
    """The blocks inside a node; runs of inline content between them are paragraphs."""
    inline: list[str] = []
    for child in node.iter(include_text=True):
        if _is_dropped(child):
            continue
        if not _holds_blocks(child):
            inline.append(_inline(child))
            continue
        yield from _paragraphs(inline)
        inline.clear()
        yield from _block(child)
    yield from _paragraphs(inline)


def _paragraphs(inline: list[str]) -> Iterator[str]:
    text = markdown.paragraph(_tidy("".join(inline)))
    if text:
        yield text


def _block(node: LexborNode) -> Iterator[str]:
    tag = node.tag or ""
    if tag in _HEADINGS:
        text = markdown.fold(_inline(node))
        if text:
            yield markdown.heading(_HEADINGS[tag], text)
    elif write := _WRITERS.get(tag):
        text = write(node)
        if text:
            yield text
    else:
        yield from _table(node) if tag == "table" else _blocks(node)


def _list(node: LexborNode) -> str:
    return "\n".join(_items(node, 0))


def _items(node: LexborNode, depth: int) -> Iterator[str]:
    number = 0
    for child in node.iter():
        if child.tag in ("ul", "ol"):
            yield from _items(child, depth + 1)
        elif child.tag == "li" and not _is_dropped(child):
            number += 1
            parts = list(child.iter(include_text=True))
            nested = [part for part in parts if part.tag in ("ul", "ol")]
            line = markdown.fold("".join(_inline(part) for part in parts if part.tag not in ("ul", "ol")))
            if line:
                yield markdown.item(line, depth, number if node.tag == "ol" else 0)
            for inner in nested:
                yield from _items(inner, depth + 1)


def _quote(node: LexborNode) -> str:
    return markdown.quote("\n\n".join(_blocks(node)))


def _code(node: LexborNode) -> str:
    text = node.text()
    return markdown.code(text) if text.strip() else ""


def _table(node: LexborNode) -> Iterator[str]:
    """A table of data as one block; one that only lays out the page as the blocks in it."""
    # A query finds the node itself, too.
    if any(inner != node for inner in node.css("table, td h1, td h2, td h3, td h4, td p + p")):
        for cell in node.css("caption, th, td"):
            if _owner(cell) == node:
                yield from _blocks(cell)
        return
    for caption in node.css("caption"):
        yield from _blocks(caption)
    text = markdown.table(_grid(node))
    if text:
        yield text


def _grid(node: LexborNode) -> list[list[str]]:
    """The cells by row and column, merged ones repeated."""
    rows: list[list[str]] = []
    hanging: Hanging = {}
    room = _MAX_CELLS
    for line in node.css("tr"):
        row, hanging = _row([cell for cell in line.iter() if cell.tag in ("td", "th")], hanging)
        room -= len(row)
        if room < 0:
            raise UnreadableError(f"a table of more than {_MAX_CELLS} cells")
        rows.append(row)
    return rows


def _row(cells: list[LexborNode], hanging: Hanging) -> tuple[list[str], Hanging]:
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
        text = markdown.fold(_inline(cell))
        for _ in range(_span(cell, "colspan")):
            place(text, _span(cell, "rowspan"))
    while len(row) in hanging:
        place(*hanging[len(row)])
    return row, below


def _span(cell: LexborNode, name: str) -> int:
    value = cell.attributes.get(name) or ""
    return min(max(int(value), 1), _MAX_SPAN) if value.isdecimal() else 1


def _owner(cell: LexborNode) -> LexborNode | None:
    parent = cell.parent
    while parent is not None and parent.tag != "table":
        parent = parent.parent
    return parent


def _inline(node: LexborNode) -> str:
    """The text of a node, its line breaks kept as such."""
    if node.tag == "-text":
        return re.sub(r"\s+", " ", node.text_content or "")
    if node.tag == "br":
        return "\n"
    if node.tag == "img":
        return node.attributes.get("alt") or ""
    if _is_dropped(node):
        return ""
    text = "".join(_inline(child) for child in node.iter(include_text=True))
    return f" {text} " if node.tag in _BLOCKS else text


def _tidy(text: str) -> str:
    return "\n".join(markdown.fold(line) for line in text.split("\n"))


def _holds_blocks(node: LexborNode) -> bool:
    if node.tag in _BLOCKS:
        return True
    return node.tag not in ("-text", "br", "img") and any(_holds_blocks(child) for child in node.iter())


def _is_dropped(node: LexborNode) -> bool:
    tag = node.tag or ""
    if tag in _DROPPED or tag in ("-comment", "_comment", "!--"):
        return True
    if tag.startswith("-"):
        return False
    attributes = node.attributes
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or attributes.get("role") in ("navigation", "contentinfo", "search")
    )


_WRITERS: dict[str, Callable[[LexborNode], str]] = {
    "ul": _list,
    "ol": _list,
    "blockquote": _quote,
    "pre": _code,
    "hr": lambda _: "",
}
