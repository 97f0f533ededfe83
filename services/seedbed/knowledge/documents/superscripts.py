"""Raised and lowered text on one line, so that no digit of it fuses with its base.

An exponent is `10^23`, an index `log_2`, and what is longer than a word stands in braces: `e^{x+1}`. Lowered
digits after the sign of a chemical element stay as one writes them by hand, `H2O`, and so do ordinals, `1st`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """Where a text stands on its line."""

    BASE = ""
    RAISED = "^"
    LOWERED = "_"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a line on one level."""

    text: str
    level: Level = Level.BASE


# A word or a number, with its sign or charge; or marks only.
_SIMPLE = re.compile(r"[+\-−–]?\w+(?:[.,]\w+)*[+\-−–]?|[+\-−–*†‡′']+")
_ORDINAL = re.compile(r"(?:st|nde?|rd|th|ers?|res?|ères?|i?èmes?|os|as)\.?", re.IGNORECASE)
_ROMAN = re.compile(r"\b[IVXLC]+$")
# What Markdown or a page sets apart already.
_SET_APART = re.compile(r"\[.*\]|\(.*\)|[®©℗]", re.DOTALL)
_ELEMENT = re.compile(r"(?:(?<![a-z])[A-Z][a-z]?|[)\]])$")
_SHORT_FORMS = {"tm": "™", "sm": "℠"}
# So many characters before a piece are looked at.
_LOOK_BACK = 24


def join_levels(pieces: Iterable[Piece]) -> str:
    """The line as plain text."""
    merged = [piece for piece in _merged(pieces) if piece.text]
    line: list[str] = []
    before = ""
    for number, piece in enumerate(merged):
        following = merged[number + 1] if number + 1 < len(merged) else Piece("")
        after = following.text[:1] if following.level is Level.BASE else ""
        text = piece.text if piece.level is Level.BASE else _write(before, piece, after)
        line.append(text)
        before = (before + text)[-_LOOK_BACK:]
    return "".join(line)


def _merged(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Neighbours of one level as one piece; white space after what is raised stands on the line."""
    level, texts = Level.BASE, list[str]()
    for piece in pieces:
        if piece.level is not level and piece.text:
            yield from _split("".join(texts), level)
            level, texts = piece.level, []
        texts.append(piece.text)
    yield from _split("".join(texts), level)


def _split(text: str, level: Level) -> Iterator[Piece]:
    bare = text.strip()
    if level is Level.BASE or not bare:
        yield Piece(text)
        return
    yield Piece(bare, level)
    yield Piece(text[len(text.rstrip()) :])


def _write(before: str, piece: Piece, after: str) -> str:
    text = piece.text
    if _stands_alone(before, piece, after):
        return _SHORT_FORMS.get(text.casefold(), text)
    if _SIMPLE.fullmatch(text) and not after.isalnum():
        return f"{piece.level.value}{text}"
    return f"{piece.level.value}{{{text}}}"


def _stands_alone(before: str, piece: Piece, after: str) -> bool:
    """Whether a piece reads right without `^` or `_` before it."""
    text = piece.text
    if _SET_APART.fullmatch(text):
        return True
    if piece.level is Level.LOWERED:
        return text.isdecimal() and not after.isdecimal() and bool(_ELEMENT.search(before))
    if text.casefold() in _SHORT_FORMS:
        return True
    if _ROMAN.search(before):
        return text == "e" or bool(_ORDINAL.fullmatch(text))
    return before[-1:].isdecimal() and bool(_ORDINAL.fullmatch(text))
