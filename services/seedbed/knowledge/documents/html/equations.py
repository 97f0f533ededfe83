"""MathML as LaTeX-like text: the LaTeX that it was made from where that is kept, else what its parts say."""

from collections.abc import Callable

from selectolax.lexbor import LexborNode

from seedbed.knowledge.documents import latex

_TEX = ("application/x-tex", "application/x-latex", "latex", "tex")
_FUNCTION = "\u2061"


def write(math: LexborNode) -> str:
    """An equation in a line of text, or on a line of its own."""
    text = _kept(math) or _write(math)
    return f"\n{latex.display(text)}\n" if math.attributes.get("display") == "block" else latex.inline(text)


def _kept(math: LexborNode) -> str:
    for annotation in math.css("annotation"):
        if (annotation.attributes.get("encoding") or "").lower() in _TEX and annotation.text().strip():
            return annotation.text()
    return math.attributes.get("alttext") or ""


def _write(node: LexborNode) -> str:
    writer = _WRITERS.get(node.tag or "", _row)
    return writer(node)


def _children(node: LexborNode) -> list[LexborNode]:
    return [
        child for child in node.iter() if child.tag not in ("annotation", "annotation-xml", "mprescripts")
    ]


def _arguments(node: LexborNode, count: int) -> list[str]:
    found = [_write(child) for child in _children(node)]
    return [*found, *[""] * count][:count]


def _row(node: LexborNode) -> str:
    children = _children(node)
    if not children:
        return latex.plain(node.text())
    return latex.join(map(_write, children))


def _name(node: LexborNode) -> str:
    return latex.name(latex.plain(node.text()).strip())


def _number(node: LexborNode) -> str:
    return latex.plain(node.text()).strip()


def _operator(node: LexborNode) -> str:
    text = node.text().strip()
    return " " if text == _FUNCTION else latex.operator(latex.plain(text))


def _words(node: LexborNode) -> str:
    return latex.words(latex.plain(node.text()))


def _fraction(node: LexborNode) -> str:
    above, below = _arguments(node, 2)
    if node.attributes.get("linethickness") in ("0", "0px", "0pt"):
        return rf"\binom{{{above}}}{{{below}}}"
    return latex.fraction(above, below)


def _square_root(node: LexborNode) -> str:
    return latex.root(_row(node))


def _root(node: LexborNode) -> str:
    inside, degree = _arguments(node, 2)
    return latex.root(inside, degree)


def _upper(node: LexborNode) -> str:
    base, upper = _arguments(node, 2)
    return latex.script(base, upper=upper)


def _lower(node: LexborNode) -> str:
    base, lower = _arguments(node, 2)
    return latex.script(base, lower)


def _both(node: LexborNode) -> str:
    return latex.script(*_arguments(node, 3))


def _under(node: LexborNode) -> str:
    base, below = _arguments(node, 2)
    return latex.script(base, below) if latex.takes_limits(base) else latex.accent(base, below, below=True)


def _over(node: LexborNode) -> str:
    base, above = _arguments(node, 2)
    return latex.script(base, upper=above) if latex.takes_limits(base) else latex.accent(base, above)


def _under_over(node: LexborNode) -> str:
    base, below, above = _arguments(node, 3)
    if latex.takes_limits(base):
        return latex.script(base, below, above)
    return latex.accent(latex.accent(base, below, below=True), above)


def _scripts(node: LexborNode) -> str:
    """A base with scripts after it, and before it where there is a mark that parts them."""
    groups: list[list[str]] = [[], []]
    place = 0
    for child in node.iter():
        if child.tag == "mprescripts":
            place = 1
        elif child.tag not in ("annotation", "annotation-xml"):
            groups[place].append("" if child.tag == "none" else _write(child))
    base, after, before = (groups[0] or [""])[0], groups[0][1:], groups[1]
    left = "".join(latex.script("{}", *before[place : place + 2]) for place in range(0, len(before), 2))
    for place in range(0, len(after), 2):
        base = latex.script(base, *after[place : place + 2])
    return left + base


def _matrix(node: LexborNode) -> str:
    rows = [row for row in node.iter() if row.tag in ("mtr", "mlabeledtr")]
    return latex.matrix([[_write(cell) for cell in row.iter() if cell.tag == "mtd"] for row in rows])


def _fence(node: LexborNode) -> str:
    attributes = node.attributes
    signs = (attributes.get("separators") or ",").replace(" ", "") if "separators" in attributes else ","
    inside = f"{signs[:1]} ".join(map(_write, _children(node)))
    return latex.fence(attributes.get("open") or "(", inside, attributes.get("close") or ")")


def _nothing(_: LexborNode) -> str:
    return ""


_WRITERS: dict[str, Callable[[LexborNode], str]] = {
    "mi": _name,
    "mn": _number,
    "mo": _operator,
    "ms": _words,
    "mtext": _words,
    "mspace": lambda _: " ",
    "mphantom": _nothing,
    "none": _nothing,
    "mfrac": _fraction,
    "msqrt": _square_root,
    "mroot": _root,
    "msup": _upper,
    "msub": _lower,
    "msubsup": _both,
    "munder": _under,
    "mover": _over,
    "munderover": _under_over,
    "mmultiscripts": _scripts,
    "mtable": _matrix,
    "mfenced": _fence,
}
