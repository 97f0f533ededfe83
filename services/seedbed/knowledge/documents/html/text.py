"""The text of an HTML page's lines: raised and lowered digits, equations, readings, pictures, line breaks."""

import re
from collections.abc import Iterable, Iterator

from selectolax.lexbor import LexborNode

from seedbed.knowledge.documents import latex, markdown
from seedbed.knowledge.documents.superscripts import Level, Piece, join_levels

from . import equations
from .page import BLOCKS, HEADINGS, Page

_SPACE = re.compile(r"\s+")
# A mark of a note, as `1`, `12` or `a`.
_MARK = re.compile(r"\w{1,3}|[*†‡§]{1,3}")
_LEVELS = {"sup": Level.RAISED, "sub": Level.LOWERED}
# As word processors write it.
_ALIGNED = re.compile(r"vertical-align\s*:\s*(sup|sub)", re.IGNORECASE)
_ANCHORS = ("¶", "#", "§", "🔗")
_SOFT_HYPHEN = "\u00ad"


def lines(page: Page, nodes: Iterable[LexborNode]) -> str:
    """The text of nodes, its line breaks kept as such."""
    text = join_levels(piece for node in nodes for piece in _inline(page, node))
    return "\n".join(markdown.fold(line) for line in text.split("\n"))


def line(page: Page, nodes: Iterable[LexborNode]) -> str:
    """The text of nodes, line breaks and runs of space folded to one space."""
    return markdown.fold(lines(page, nodes))


def code(page: Page, node: LexborNode) -> str:
    """The text of code, line by line."""
    parts: list[str] = []
    for part in _code(page, node):
        if part != "\n" or not parts or parts[-1][-1:] != "\n":
            parts.append(part)
    return "".join(parts).replace("\x00", "\n")


def _code(page: Page, node: LexborNode) -> Iterator[str]:
    for child in node.iter(include_text=True):
        if child.tag == "-text":
            yield child.text_content or ""
        elif child.tag == "br":
            # A break is a line of its own, even after another.
            yield "\x00"
        elif page.is_content(child):
            alone = child.tag == "code" and child.prev is not None and child.prev.tag == "code"
            apart = alone or (child.tag in BLOCKS and child.tag not in ("td", "th"))
            if apart:
                yield "\n"
            yield from _code(page, child)
            if apart:
                yield "\n"


def _inline(page: Page, node: LexborNode, *, linked: bool = False) -> Iterator[Piece]:
    tag = node.tag or ""
    if tag == "-text":
        yield Piece(_SPACE.sub(" ", node.text_content or "").replace(_SOFT_HYPHEN, ""))
    elif tag == "br":
        yield Piece("\n")
    elif not page.is_content(node):
        return
    elif level := _level(node, tag):
        yield _raised(page, node, level, linked=linked)
    elif write := _WRITERS.get(tag):
        yield Piece(write(node))
    else:
        yield from _around(page, node, tag, linked=linked or _is_link_here(node))


def _around(page: Page, node: LexborNode, tag: str, *, linked: bool) -> Iterator[Piece]:
    """What stands in an element, with what is seen around it."""
    before, after = _marks(node, tag)
    if tag == "a" and _is_anchor(node):
        return
    yield Piece(before)
    for child in node.iter(include_text=True):
        yield from _inline(page, child, linked=linked)
    yield Piece(after)


def _marks(node: LexborNode, tag: str) -> tuple[str, str]:
    if tag == "q":
        return "“", "”"
    if tag == "rt":
        before = node.prev
        marked = before is not None and before.tag == "rp"
        return ("", "") if marked else ("(", ")")
    return (" ", " ") if tag in BLOCKS and tag not in HEADINGS else ("", "")


def _raised(page: Page, node: LexborNode, level: Level, *, linked: bool) -> Piece:
    text = join_levels(piece for child in node.iter(include_text=True) for piece in _inline(page, child))
    bare = markdown.fold(text)
    linked = linked or any(map(_is_link_here, node.iter()))
    if linked and _MARK.fullmatch(bare):
        # A mark of a note, that leads to it.
        return Piece(f"[{bare}]")
    return Piece(text, level)


def _level(node: LexborNode, tag: str) -> Level | None:
    """Whether an element is raised or lowered, by its name or by its style."""
    if tag in _LEVELS or tag not in ("span", "font"):
        return _LEVELS.get(tag)
    style = _ALIGNED.search(node.attributes.get("style") or "")
    return _LEVELS[style[1].lower()] if style else None


def _is_link_here(node: LexborNode) -> bool:
    return node.tag == "a" and (node.attributes.get("href") or "").startswith("#")


def _is_anchor(node: LexborNode) -> bool:
    """Whether a link is only the handle of a heading."""
    return _is_link_here(node) and node.text(strip=True) in _ANCHORS


def _picture(node: LexborNode) -> str:
    return node.attributes.get("alt") or ""


def _tex(node: LexborNode) -> str:
    display = "mode=display" in (node.attributes.get("type") or "")
    return f"\n{latex.display(node.text())}\n" if display else latex.inline(node.text())


_WRITERS = {"img": _picture, "math": equations.write, "script": _tex}
