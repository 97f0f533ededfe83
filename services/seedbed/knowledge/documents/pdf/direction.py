"""Text that runs from right to left: from the order in which letters stand to that in which they are read.

What is given is a line's glyphs as they stand, from left to right; a glyph may say several letters. Pure.
"""

import re
import unicodedata
from collections.abc import Sequence

_RIGHT_TO_LEFT = ("R", "AL")
_NUMBERS = ("EN", "AN")
_SEPARATORS = ("ES", "CS")
# Forms that a font shows letters in, and letters that stand for two.
_FORMS = re.compile("[\ufb00-\ufb06\ufb13-\ufb17\ufb1d-\ufdff\ufe70-\ufefc\U0001d400-\U0001d7ff]")
_STRETCH = re.compile("(?<=[\u0620-\u064a\u066e-\u06d3])\u0640+(?=[\u0620-\u064a\u066e-\u06d3])")
_LAM = "\u0644"
_ALEFS = frozenset("\u0627\u0622\u0623\u0625\u0671")
_PAIRS = (("(", ")"), ("[", "]"), ("{", "}"), ("«", "»"))


def is_right_to_left(text: str) -> bool:
    """Whether a letter is of a script that runs so."""
    return unicodedata.bidirectional(text[:1] or " ") in _RIGHT_TO_LEFT


def in_plain_letters(text: str) -> str:
    """Ligatures and forms as the letters they stand for, and no strokes that only fill up a line."""
    if text.isascii():
        return text
    return _STRETCH.sub("", _FORMS.sub(lambda form: unicodedata.normalize("NFKC", form[0]).strip(), text))


def join_cluster(letters: Sequence[str], *, backwards: bool) -> str:
    """What one glyph says; `backwards` where its letters came in the order in which they stand."""
    if len(letters) == 2 and _LAM in letters and not _ALEFS.isdisjoint(letters):
        # No font has one glyph for these two the other way round.
        return _LAM + next(letter for letter in letters if letter != _LAM)
    ordered = list(reversed(letters)) if backwards else list(letters)
    return "".join(sorted(ordered, key=lambda letter: bool(unicodedata.combining(letter))))


def in_order_of_reading(glyphs: Sequence[str], *, from_right: bool) -> str:
    """The text of a line; `from_right` where the line as a whole runs so."""
    if not any(map(is_right_to_left, glyphs)):
        return "".join(glyphs)
    ordered = list(reversed(glyphs)) if from_right else list(glyphs)
    kinds = [_kind(glyph) for glyph in ordered]
    place = 0
    while place < len(ordered):
        end = _stretch(kinds, place, "L" if from_right else "R")
        if end > place:
            _turn_back(ordered, kinds, place, end, from_right=from_right)
            place = end
        elif from_right and kinds[place] in ("N", "T") and (end := _number(kinds, place)) > place:
            ordered[place:end] = reversed(ordered[place:end])
            place = end
        else:
            place += 1
    return _pair_brackets("".join(ordered))


def _kind(glyph: str) -> str:
    """R and L for the strong, N for digits, S and T for what belongs to numbers, O for the rest."""
    kind = unicodedata.bidirectional(glyph[:1] or " ")
    if kind in _RIGHT_TO_LEFT:
        return "R"
    if kind in _NUMBERS:
        return "N"
    if kind in _SEPARATORS:
        return "S"
    return {"L": "L", "ET": "T"}.get(kind, "O")


def _stretch(kinds: Sequence[str], start: int, strong: str) -> int:
    """Where a stretch of the other direction ends that begins here; `start` where none does."""
    against = "R" if strong == "L" else "L"
    ends = (strong, "N") if strong == "L" else (strong,)
    if kinds[start] not in ends:
        return start
    end, found = start, False
    for place in range(start, len(kinds)):
        if kinds[place] == against:
            break
        found |= kinds[place] == strong
        if kinds[place] in ends:
            end = place + 1
    return end if found else start


def _turn_back(ordered: list[str], kinds: Sequence[str], start: int, end: int, *, from_right: bool) -> None:
    turned = list(reversed(ordered[start:end]))
    if not from_right:
        # Numbers run from left to right in any text.
        inner, place = list(reversed(kinds[start:end])), 0
        while place < len(turned):
            stop = max(_number(inner, place), place + 1)
            turned[place:stop] = reversed(turned[place:stop])
            place = stop
    ordered[start:end] = turned


def _number(kinds: Sequence[str], start: int) -> int:
    """Where a number ends that begins here, with what belongs to it; `start` where none does."""
    place, digits = start, False
    while place < len(kinds):
        kind = kinds[place]
        inside = digits and kind == "S" and place + 1 < len(kinds) and kinds[place + 1] == "N"
        if kind not in ("N", "T") and not inside:
            break
        digits |= kind == "N"
        place += 1
    return place if digits else start


def _pair_brackets(text: str) -> str:
    """Brackets are mirrored or not, as the file's producer pleased: of two the first opens."""
    letters = list(text)
    for opening, closing in _PAIRS:
        places = [place for place, letter in enumerate(letters) if letter in (opening, closing)]
        if len(places) % 2 == 0:
            for number, place in enumerate(places):
                letters[place] = closing if number % 2 else opening
    return "".join(letters)
