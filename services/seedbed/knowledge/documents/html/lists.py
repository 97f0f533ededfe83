"""Lists of an HTML page: items with the numbers that a browser shows, and the parts of definition lists."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from seedbed.knowledge.documents.numerals import write_numeral

_TYPES = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_STYLES = {
    "lower-alpha": "lowerLetter",
    "lower-latin": "lowerLetter",
    "upper-alpha": "upperLetter",
    "upper-latin": "upperLetter",
    "lower-roman": "lowerRoman",
    "upper-roman": "upperRoman",
    "decimal-leading-zero": "decimalZero",
}
_STYLE = re.compile(r"list-style(?:-type)?\s*:[^;]*?\b([a-z]+(?:-[a-z]+)+)")
_NUMBER = re.compile(r"\s*[+-]?\d{1,9}")


def label_items(node: LexborNode) -> Iterator[tuple[LexborNode, str]]:
    """What stands in a list, each item with its number; "" for a bullet."""
    children = list(node.iter())
    step = -1 if "reversed" in node.attributes else 1
    start = 1 if step > 0 else sum(child.tag == "li" for child in children)
    count = _whole(node.attributes.get("start"), start)
    form = _form(node)
    for child in children:
        if child.tag != "li" or node.tag != "ol":
            yield child, ""
            continue
        count = _whole(child.attributes.get("value"), count)
        yield child, f"{write_numeral(count, _TYPES.get(child.attributes.get('type') or '', form))}."
        count += step


def definition_parts(node: LexborNode) -> Iterator[LexborNode]:
    """The terms and descriptions of a definition list, in whatever groups them."""
    for child in node.iter():
        if child.tag == "div":
            yield from (inner for inner in child.iter() if inner.tag in ("dt", "dd"))
        elif child.tag in ("dt", "dd"):
            yield child


def _form(node: LexborNode) -> str:
    style = _STYLE.search(node.attributes.get("style") or "")
    if style and style[1] in _STYLES:
        return _STYLES[style[1]]
    return _TYPES.get(node.attributes.get("type") or "", "decimal")


def _whole(text: str | None, default: int) -> int:
    found = _NUMBER.match(text or "")
    return int(found[0]) if found else default
