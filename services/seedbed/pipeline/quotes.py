"""Evidence: whether a quote stands in a document, and where.

A quote counts where every one of its words stands in the document, to the letter and in order. Left out of
the comparison is only what `folding` takes away, and a stop at the end. Case is not: a model that changes it
is retelling, not quoting. Pure.
"""

import re
import unicodedata
from itertools import islice

from seedbed.pipeline.folding import Folded, fold

# Shorter than this, a quote proves nothing: it would be found in any document.
_LONG = 16
_MIN_LETTERS = 8
_MIN_WORDS = 3

# A model puts marks around what it quotes, and a stop where it breaks a sentence off.
_AROUND = " \"'"
_STOPS = _AROUND + ".,;:。、"

_ELLIPSIS = re.compile(r"\s*[\[(]?\s*\.{3,}\s*[\])]?\s*")
_NUMBER_BEFORE = re.compile(r"(?:\d[.,]?|(?<![\w.,])[-\u2212])\Z")
_NUMBER_AFTER = re.compile(r"[.,]?\d")


def find_quote(quote: str, document: str, folded: Folded | None = None) -> tuple[int, int] | None:
    """Where the quote stands in the document, as code points [start, end); None where it does not.

    A quote with gaps ("a … b") stands where each of its parts does, in order; its span holds them all.
    `folded` is the document, for whoever looks for many in it.
    """
    verbatim = quote.strip()
    if _says_enough(verbatim) and (start := _find(verbatim, document, 0)) is not None:
        return start, start + len(verbatim)
    folded = folded or fold(document)
    whole = fold(quote).text.strip(_AROUND)
    parts = [part.strip(_AROUND).rstrip(_STOPS) for part in _ELLIPSIS.split(whole)]
    for tried in ([whole], [whole.rstrip(_STOPS)], [part for part in parts if part]):
        found = _find_parts(tried, folded)
        if found:
            return folded.span(*found)
    return None


def _find_parts(parts: list[str], document: Folded) -> tuple[int, int] | None:
    """Where all parts stand in order: the first place they end, and from there as close as they can be."""
    if not parts or not all(map(_says_enough, parts)):
        return None
    position = 0
    for part in parts:
        start = _find(part, document.text, position)
        if start is None:
            return None
        position = start + len(part)
    end = start = position
    for part in reversed(parts):
        start = _find_last(part, document.text, start)
    return start, end


def _find(part: str, text: str, position: int) -> int | None:
    start = text.find(part, position)
    while start >= 0:
        if not _cuts(text, start, start + len(part)):
            return start
        start = text.find(part, start + 1)
    return None


def _find_last(part: str, text: str, end: int) -> int:
    """The last place before `end`; there is one, as the way forth has found it."""
    start = text.rfind(part, 0, end)
    while _cuts(text, start, start + len(part)):
        start = text.rfind(part, 0, start + len(part) - 1)
    return start


def _cuts(text: str, start: int, end: int) -> bool:
    """Whether [start, end) begins or ends inside a word or a number: "5 million" is not in "15 million"."""
    before, after = text[max(0, start - 3) : start], text[end : end + 2]
    if text[start].isdigit() and _NUMBER_BEFORE.search(before):
        return True
    if text[end - 1].isdigit() and _NUMBER_AFTER.match(after):
        return True
    return _joins(before[-1:], text[start]) or _joins(text[end - 1], after[:1])


def _joins(left: str, right: str) -> bool:
    """Whether two neighbours are letters of one word, in a script that parts words by spaces."""
    return _is_cased(left) and _is_cased(right)


def _is_cased(letter: str) -> bool:
    return letter.lower() != letter.upper()


def _says_enough(part: str) -> bool:
    """Long enough to prove something: 16 letters, or 8 in three words or in Hangul, Han or kana."""
    # Long ones are what judges quote: no more is looked at than it takes.
    letters = list(islice(filter(str.isalnum, part), _LONG))
    if len(letters) == _LONG:
        return True
    if len(letters) < _MIN_LETTERS:
        return False
    # Each wide letter weighs as much as a syllable or a word.
    wide = sum(unicodedata.east_asian_width(letter) == "W" for letter in letters)
    return wide >= _MIN_LETTERS or len(part.split()) >= _MIN_WORDS
