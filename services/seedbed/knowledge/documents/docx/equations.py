"""Word's equations as LaTeX-like text."""

from collections.abc import Callable, Iterator

from seedbed.knowledge.documents import latex

from .package import Element, child, is_on, name, value

_DROPPED = frozenset(("m:ctrlPr", "m:rPr", "w:rPr", "w:del", "w:moveFrom", "w:instrText", "w:delText"))


def write(element: Element) -> str:
    """An equation, or a part of one."""
    return latex.join(_parts(element))


def _parts(element: Element) -> Iterator[str]:
    for inner in element:
        kind = name(inner)
        if kind in _DROPPED or kind.endswith("Pr"):
            continue
        if kind == "m:r":
            yield _run(inner)
        elif kind in ("w:t", "m:t"):
            yield latex.plain(inner.text or "")
        elif writer := _WRITERS.get(kind):
            yield writer(inner)
        else:
            yield write(inner)


def _run(run: Element) -> str:
    text = latex.plain("".join(inner.text or "" for inner in run if name(inner) in ("m:t", "w:t")))
    properties = child(run, "m:rPr")
    if is_on(child(properties, "m:nor")) or is_on(child(properties, "m:lit")):
        return latex.words(text)
    return latex.name(text)


def _of(element: Element, wanted: str) -> str:
    inner = child(element, wanted)
    return "" if inner is None else write(inner)


def _property(element: Element, wanted: str, default: str = "") -> str:
    """A property of a structure: `m:chr` in `m:naryPr`."""
    return value(child(element, f"{name(element)}Pr"), wanted, default)


def _fraction(element: Element) -> str:
    above, below = _of(element, "m:num"), _of(element, "m:den")
    kind = _property(element, "m:type", "bar")
    if kind == "noBar":
        return rf"\binom{{{above}}}{{{below}}}"
    return (
        f"{latex.group(above)}/{latex.group(below)}"
        if kind in ("lin", "skw")
        else latex.fraction(above, below)
    )


def _scripts(element: Element) -> str:
    return latex.script(_of(element, "m:e"), _of(element, "m:sub"), _of(element, "m:sup"))


def _scripts_before(element: Element) -> str:
    return latex.script("{}", _of(element, "m:sub"), _of(element, "m:sup")) + _of(element, "m:e")


def _root(element: Element) -> str:
    return latex.root(_of(element, "m:e"), _of(element, "m:deg"))


def _fence(element: Element) -> str:
    inside = _property(element, "m:sepChr", "|").join(
        write(inner).strip() for inner in element if name(inner) == "m:e"
    )
    return latex.fence(_property(element, "m:begChr", "("), inside, _property(element, "m:endChr", ")"))


def _sum(element: Element) -> str:
    sign = latex.operator(_property(element, "m:chr", "∫"))
    limits = latex.script(sign, _of(element, "m:sub"), _of(element, "m:sup"))
    return f"{limits} {_of(element, 'm:e').strip()}"


def _function(element: Element) -> str:
    return f"{_of(element, 'm:fName').strip()} {_of(element, 'm:e').strip()}"


def _below(element: Element) -> str:
    base, limit = _of(element, "m:e"), _of(element, "m:lim")
    return latex.script(base, limit) if latex.takes_limits(base) else latex.accent(base, limit, below=True)


def _above(element: Element) -> str:
    base, limit = _of(element, "m:e"), _of(element, "m:lim")
    return latex.script(base, upper=limit) if latex.takes_limits(base) else latex.accent(base, limit)


def _accent(element: Element) -> str:
    return latex.accent(_of(element, "m:e"), _property(element, "m:chr", "\u0302"))


def _bar(element: Element) -> str:
    return latex.accent(_of(element, "m:e"), "\u0305", below=_property(element, "m:pos", "bot") == "bot")


def _grouped(element: Element) -> str:
    below = _property(element, "m:pos", "bot") == "bot"
    return latex.accent(_of(element, "m:e"), _property(element, "m:chr", "\u23df"), below=below)


def _matrix(element: Element) -> str:
    rows = [inner for inner in element if name(inner) == "m:mr"]
    return latex.matrix([[write(cell) for cell in row if name(cell) == "m:e"] for row in rows])


def _lines(element: Element) -> str:
    return latex.stack(write(inner) for inner in element if name(inner) == "m:e")


_WRITERS: dict[str, Callable[[Element], str]] = {
    "m:f": _fraction,
    "m:sSup": _scripts,
    "m:sSub": _scripts,
    "m:sSubSup": _scripts,
    "m:sPre": _scripts_before,
    "m:rad": _root,
    "m:d": _fence,
    "m:nary": _sum,
    "m:func": _function,
    "m:limLow": _below,
    "m:limUpp": _above,
    "m:acc": _accent,
    "m:bar": _bar,
    "m:groupChr": _grouped,
    "m:m": _matrix,
    "m:eqArr": _lines,
}
