"""Equations as LaTeX-like text on one line: what the readers of MathML and of Word's equations share.

Letters and operators stay as they are; only what stands above, below or around others is written in LaTeX.
Pure.
"""

import re
from collections.abc import Iterable, Sequence

_WORD = re.compile(r"\\?\w+")
_LIMITS = re.compile(r"\\(?:big\w+|[co]*prod|sum|i*o?int|lim|max|min|sup|inf)[_^]")
_COMMAND_END = re.compile(r"\\[A-Za-z]+$")
_MARKS = re.compile(r"[\\{}]")
_BIG = {
    "∑": r"\sum",
    "∏": r"\prod",
    "∐": r"\coprod",
    "∫": r"\int",
    "∬": r"\iint",
    "∭": r"\iiint",
    "∮": r"\oint",
    "⋂": r"\bigcap",
    "⋃": r"\bigcup",
    "⋀": r"\bigwedge",
    "⋁": r"\bigvee",
}
_FUNCTIONS = frozenset(
    "arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf limsup ln "
    "log max min mod Pr sec sin sinh sup tan tanh".split()
)
_ACCENTS = {
    "\u0302": "hat",
    "^": "hat",
    "\u02c6": "hat",
    "\u0303": "tilde",
    "~": "tilde",
    "\u02dc": "tilde",
    "\u0304": "bar",
    "\u0305": "bar",
    "\u00af": "bar",
    "\u203e": "bar",
    "\u2015": "bar",
    "_": "underline",
    "\u0332": "underline",
    "\u0307": "dot",
    "\u02d9": "dot",
    "\u0308": "ddot",
    "\u00a8": "ddot",
    "\u20d7": "vec",
    "\u2192": "vec",
    "\u23de": "overbrace",
    "\u23df": "underbrace",
}
# Letters of mathematical alphabets: `𝐸` reads as `E`.
_STYLED = re.compile(r"[\U0001d400-\U0001d7ff\u210b-\u2134]")
# Function application, times, separator and plus that are not seen.
_UNSEEN = re.compile(r"[\u2061-\u2064\u200b\ufeff]")
_SPACE = re.compile(r"\s+")
_DISPLAY = re.compile(r"\\(?:displaystyle|textstyle|scriptstyle)\b\s*")
_SPACED = frozenset("=≠≈≡≅∼≃<>≤≥≪≫∈∉⊂⊆⊃→←↔⇒⇐⇔↦∝+±∓−×·÷∧∨∪∩:")


def plain(text: str) -> str:
    """The letters of a part of an equation, without what is not seen."""
    import unicodedata  # noqa: PLC0415  few documents hold an equation

    text = _STYLED.sub(lambda styled: unicodedata.normalize("NFKC", styled[0]), text)
    return _SPACE.sub(" ", _UNSEEN.sub("", text))


def join(parts: Iterable[str]) -> str:
    """Parts one after the other; a command keeps its distance from the letter after it, and so do limits."""
    pieces: list[str] = []
    for part in filter(None, parts):
        last = pieces[-1] if pieces else ""
        apart = part[0].isalnum() and (_COMMAND_END.search(last[-20:]) or _LIMITS.match(last))
        pieces.append(f" {part}" if apart else part)
    return "".join(pieces)


def operator(sign: str) -> str:
    """An operator between two sides."""
    return f" {sign} " if sign in _SPACED else _BIG.get(sign, sign)


def name(letters: str) -> str:
    """A variable, or a function by its name."""
    return f"\\{letters}" if letters in _FUNCTIONS else letters


def words(text: str) -> str:
    return rf"\text{{{text}}}" if text.strip() else text


def group(text: str) -> str:
    """An argument: one letter as it is, all else in braces."""
    text = text.strip()
    return text if len(text) == 1 and text not in "\\{}" else f"{{{text}}}"


def script(base: str, lower: str = "", upper: str = "") -> str:
    """A base with what stands below and above it."""
    below = f"_{group(lower)}" if lower.strip() else ""
    above = f"^{group(upper)}" if upper.strip() else ""
    base = base.strip()
    if (below or above) and not _is_one(base):
        base = f"{{{base}}}"
    return f"{base}{below}{above}"


def _is_one(base: str) -> bool:
    """Whether a script after it belongs to all of it."""
    return len(base) <= 1 or bool(_WORD.fullmatch(base)) or base[-1] in ")]|}"


def fraction(above: str, below: str) -> str:
    return rf"\frac{{{above.strip()}}}{{{below.strip()}}}"


def root(inside: str, degree: str = "") -> str:
    return (
        rf"\sqrt[{degree.strip()}]{{{inside.strip()}}}" if degree.strip() else rf"\sqrt{{{inside.strip()}}}"
    )


def accent(base: str, sign: str, *, below: bool = False) -> str:
    """A base with a sign over it, or under it."""
    sign = sign.strip()
    known = _ACCENTS.get(sign)
    if below:
        known = "underline" if known in ("bar", "underline") else known if known == "underbrace" else None
    if known:
        return rf"\{known}{{{base.strip()}}}"
    return rf"\{'underset' if below else 'overset'}{{{sign}}}{{{base.strip()}}}"


def takes_limits(base: str) -> bool:
    """Whether what stands under a base is its limit."""
    base = base.strip()
    return base in _BIG.values() or base in (
        r"\lim",
        r"\max",
        r"\min",
        r"\sup",
        r"\inf",
        r"\limsup",
        r"\liminf",
    )


def matrix(rows: Sequence[Sequence[str]]) -> str:
    lines = stack(" & ".join(cell.strip() for cell in row) for row in rows)
    return rf"\begin{{matrix}} {lines} \end{{matrix}}"


def stack(lines: Iterable[str]) -> str:
    """Lines one under the other."""
    return r" \\ ".join(line.strip() for line in lines)


def fence(left: str, inside: str, right: str) -> str:
    return f"{left}{inside.strip()}{right}"


def inline(equation: str) -> str:
    """An equation in a line of text: marked where it is more than a line of text itself."""
    text = _tidy(equation)
    return f"${text}$" if _MARKS.search(text) else text


def display(equation: str) -> str:
    """An equation on a line of its own."""
    text = _tidy(equation)
    return f"$${text}$$" if _MARKS.search(text) else text


def _tidy(equation: str) -> str:
    text = _DISPLAY.sub("", _SPACE.sub(" ", equation)).strip()
    # A page that was made from LaTeX has it in one more pair of braces.
    while text.startswith("{") and text.endswith("}") and _closes_at_end(text):
        text = text[1:-1].strip()
    return text


def _closes_at_end(text: str) -> bool:
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "{") - (sign == "}")
        if depth == 0:
            return place == len(text) - 1
    return False
