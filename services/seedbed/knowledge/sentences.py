"""Where sentences end: one rule with guards, for scripts with and without spaces. Pure.

A stop ends a sentence before white space, after a Korean closing ending even without it, and the stops of
scripts that have their own always do. Guards keep abbreviations, initials, numbered dates, what stands in
brackets, and a stop before a small letter together.
"""

import re
from collections.abc import Iterator

from seedbed.pipeline.language import STOPS

# The wide full stop also stands in numbers, and the Urdu one inside abbreviations, so that needs its space.
_SIGN = re.compile(
    r"(?P<blank>\n[ \t]*\n)|(?P<open>[(\[（［])|(?P<close>[)\]）］])"
    rf"|(?P<wide>(?:[{STOPS}]|(?<!\d)．|．(?!\d))[．.!?{STOPS}]*[」』”’»›）\"')\]]*)"
    r"|(?P<stop>[.!?…\u06d4]+[\"'”’»)\]]*)(?P<space>(?=\s|$)|(?=[\uac00-\ud7a3]))"
)
_ABBREVIATIONS = frozenset(
    "al approx apr art aug ca capt cf ch chap co col corp dec dept dr ed eds eg esp est etc feb fig figs gen "
    "gov hon ie inc jan jr jul jun lt ltd mar messrs mr mrs ms mt no nos nov oct op p pp prof pt rep rev sec "
    "sen sept sgt sr st vol vols vs viz".split()
)
# Titles and units before a name or a number, where letters and vowel signs are no Latin ones.
_SHORT_FORM = re.compile(
    r"(?:^|[\s(])(?:डॉ|प्रो|पं|श्री|कु|रु|कि\.मी|कि|ई\.पू|ई|सं|पृ|ডা|ড|মো|[\u0621-\u064a](?:\.[\u0621-\u064a])*)$"
)
_LAST_WORD = re.compile(r"[^\W_](?:[\w.]*[^\W_])?$")
_KOREAN_ENDING = re.compile(r"[다요까죠함음임됨]$")
_WORD = re.compile(r"\S+")
# Fewer than the smallest budget of tokens.
_FEW_LETTERS = 16
_KOREAN_DATE = re.compile(r"\d{4}\.\s*\d{1,2}\.\s*\d{1,2}$")
# An opening bracket that is never closed must not swallow the rest.
_LONGEST_BRACKET = 400


def sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The sentences of text[start:end] as spans without the white space around them."""
    begin = start
    for stop in _stops(text, start, end):
        if span := strip(text, begin, stop):
            yield span
        begin = stop
    if span := strip(text, begin, end):
        yield span


def words(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """What stands between white space, as spans."""
    return (found.span() for found in _WORD.finditer(text, start, end))


def letters(_: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Stretches of a few letters, for what has no spaces and no end."""
    return ((place, min(place + _FEW_LETTERS, end)) for place in range(start, end, _FEW_LETTERS))


def strip(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The span without white space at its ends; None where nothing is left."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None


def _stops(text: str, start: int, end: int) -> Iterator[int]:
    opened: list[int] = []
    for sign in _SIGN.finditer(text, start, end):
        if sign["blank"]:
            opened.clear()
            yield sign.end()
        elif sign["open"]:
            opened.append(sign.start())
        elif sign["close"]:
            if opened:
                opened.pop()
        elif _is_inside(opened, sign.start()):
            # A bracket that closes together with the stop.
            if opened and sign[0][-1] in ")]）］":
                opened.pop()
        elif sign["wide"] or _ends(text, sign, start, end):
            yield sign.end()


def _is_inside(opened: list[int], place: int) -> bool:
    while opened and place - opened[-1] > _LONGEST_BRACKET:
        opened.pop()
    return bool(opened)


def _ends(text: str, sign: re.Match[str], start: int, end: int) -> bool:
    """Whether a stop ends its sentence."""
    before = text[max(start, sign.start() - 24) : sign.start()]
    korean = bool(_KOREAN_ENDING.search(before))
    after = sign.end()
    while after < end and text[after].isspace():
        after += 1
    if after == sign.end() < end:
        # No space: only a Korean ending before another Korean word closes.
        return korean
    following = text[after : after + 1]
    if following.islower():
        return False
    if sign["stop"].rstrip("\"'”’)]") != "." or korean:
        return True
    if before[-1:].isdigit() and (
        following.isdigit() or _is_number_alone(text, sign.start(), start) or _KOREAN_DATE.search(before)
    ):
        return False
    if _SHORT_FORM.search(before):
        return False
    word = _LAST_WORD.search(before)
    return word is None or not _is_short_form(word[0])


def _is_number_alone(text: str, stop: int, start: int) -> bool:
    """Whether the digits before a stop open their line, as in `1. First`."""
    line = text[max(start, text.rfind("\n", start, stop) + 1) : stop]
    return line.strip().isdigit()


def _is_short_form(word: str) -> bool:
    if len(word) == 1:
        return word.isupper()
    # `e.g` and `U.S`: letters with stops between them.
    if "." in word:
        return all(len(part) == 1 and part.isalpha() for part in word.split("."))
    return word.isascii() and word.casefold() in _ABBREVIATIONS
