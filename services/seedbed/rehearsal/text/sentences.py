"""Documents taken apart into sentences, each as it stands and as it reads.

Knows Markdown's marks well enough to leave them out; knows nothing of questions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from seedbed.pipeline.language import STOPS

_BREAK = re.compile(
    r"^(?:[ \t]*#{1,6}[ \t][^\n]*|[ \t]*(?:=+|-{3,})[ \t]*)$|^(```|~~~).*?^\1[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_BLOCK = re.compile(r"\n[ \t]*\n|\n(?=[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+\S)|\n(?=[ \t]*\|)")
_MARKER = re.compile(r"^[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+")
_NOT_PROSE = re.compile(r"^[ \t\n]*(?:\||<(?!small|b>|i>|em>|strong>))")
_STOP = re.compile(rf"(?:[{STOPS}]+[.!?{STOPS}]*[」』”’»›）\"')\]*_]*|[.!?\u06d4]+[\"'”’»)\]*_]*(?=\s|$))")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[*_])(?:[A-Za-z]|[A-Z]\.[A-Z]|e\.g|i\.e|cf|vs|etc|approx|ca|Dr|Mr|Mrs|Ms|St|Mt|No|Vol|Fig|Inc|Jr|Sr|U\.S)$"
)
_IMAGE = re.compile(r"!\[[^\[\]]*\]\((?:[^()]|\([^()]*\))*\)")
_LINK = re.compile(r"\[([^\[\]]*)\]\((?:[^()]|\([^()]*\))*\)")
_NOTE = re.compile(r"\[\^[^\]]*\]|< ?/?[A-Za-z][^<>]*>")
_EMPHASIS = re.compile(r"\*{1,3}|(?<!\w)_{1,3}|_{1,3}(?!\w)|`+")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_HEADING = re.compile(r"^[ \t]*#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a document: `raw` as it stands there, `plain` as one reads it."""

    raw: str
    plain: str
    block: int


def plain_text(markdown: str) -> str:
    """The text without marks, white space folded."""
    text = _NOTE.sub("", _LINK.sub(r"\1", _IMAGE.sub("", markdown)))
    text = _ESCAPE.sub(r"\1", _EMPHASIS.sub("", text))
    return " ".join(text.split())


def headings(document: str) -> list[str]:
    """The document's own headings, in order."""
    return [plain_text(found) for found in _HEADING.findall(document)]


@lru_cache(maxsize=512)
def sentences(document: str) -> tuple[Sentence, ...]:
    """All sentences of the document's prose."""
    found: list[Sentence] = []
    prose = _BREAK.sub("\n", document.replace("\r\n", "\n"))
    for number, block in enumerate(_BLOCK.split(prose)):
        if _NOT_PROSE.match(block):
            continue
        body = _MARKER.sub("", block)
        for raw in _cut(body):
            plain = plain_text(raw)
            if plain:
                found.append(Sentence(raw, plain, number))
    return tuple(found)


def _cut(block: str) -> list[str]:
    pieces, start = [], 0
    for stop in _STOP.finditer(block):
        if _goes_on(block, stop):
            continue
        pieces.append(block[start : stop.end()].strip())
        start = stop.end()
    pieces.append(block[start:].strip())
    return [piece for piece in pieces if piece]


def _goes_on(block: str, stop: re.Match[str]) -> bool:
    after = block[stop.end() : stop.end() + 8].lstrip()
    if after[:1].islower():
        return True
    return stop.group()[0] == "." and bool(
        _ABBREVIATION.search(block[max(0, stop.start() - 8) : stop.start()])
    )
