"""Text with all that a faithful quote may leave out or write in another way taken away.

Folded are: white-space runs, Unicode composition (NFC), the style of quotation marks, invisible characters,
"…" against "...", and Markdown that marks words up without being words: emphasis, code marks, escapes, link
and image syntax, and the markers of headings, lists and block quotes. Letters, case, digits, punctuation and
order stay: what is left must match to the letter. Knows nothing of quotes or verdicts.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_STYLES = {
    **dict.fromkeys("“”„‟«»「」『』〝〞＂", '"'),
    **dict.fromkeys("‘’‚‛‹›＇", "'"),
    "…": "...",
}

# In the order they are tried; each alternative runs in linear time.
_SPECIAL = re.compile(
    r"""
      (?P<line>(?:\A|\s*\n)[ \t]*(?:(?:\#{1,6}|>|[-*+])[ \t]+)+)         # heading, block quote, list item
    | (?P<product>(?<=\d)\s?\*\s?(?=\d))                                # not emphasis
    | (?P<space>\s+)
    | (?P<escape>\\(?=[!-/:-@\[-`{-~]))
    | (?P<open>!?\[(?=[^\[\]]*\]\())                                    # [text](address): only text stays
    | (?P<close>\]\((?:[^()\s]|\([^()\s]*\))*+(?:\s"[^"\n]*+")?\))
    | (?P<mark>\*+|`+|~~|(?<!\w)_+|_+(?!\w))
    | (?P<tag><\s+(?=/?\s*[A-Za-z_]+\s*/?>))                             # as prompts write tags found in data
    | (?P<hidden>[\u00ad\u200b-\u200f\u2060\ufeff]+)
    | (?P<style>[“”„‟«»「」『』〝〞＂‘’‚‛‹›＇…])
    """,
    re.VERBOSE,
)
_REPLACEMENTS = {"line": " ", "space": " ", "product": "*", "tag": "<"}

# A character and all that composes with it: combining marks, and Hangul vowels and finals.
_CLUSTER = re.compile(r".[\u0300-\u036f\u1160-\u11ff\u1ab0-\u1aff\u3099\u309a\ua8e0-\ua8f1]+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Folded:
    """Folded text, and for each of its characters the code points [start, end) it stands for."""

    text: str
    starts: list[int]
    ends: list[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where folded [start, end) is in the text as it was."""
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> Folded:
    """Fold a text and keep the way back."""
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for piece, start, end in _pieces(text):
        if piece == " " and (not characters or characters[-1] == " "):
            continue
        for character in piece:
            characters.append(character)
            starts.append(start)
            ends.append(end)
    return Folded("".join(characters), starts, ends)


def _pieces(text: str) -> Iterator[tuple[str, int, int]]:
    position = 0
    for match in _SPECIAL.finditer(text):
        yield from _plain(text, position, match.start())
        position = match.end()
        replacement = _replacement(match)
        if replacement:
            yield replacement, match.start(), position
    yield from _plain(text, position, len(text))


def _replacement(match: re.Match[str]) -> str:
    if match.lastgroup == "style":
        return _STYLES[match[0]]
    return _REPLACEMENTS.get(match.lastgroup or "", "")


def _plain(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    if text.isascii():
        yield from ((text[i], i, i + 1) for i in range(start, end))
        return
    position = start
    for match in _CLUSTER.finditer(text, start, end):
        yield from ((text[i], i, i + 1) for i in range(position, match.start()))
        yield unicodedata.normalize("NFC", match[0]), match.start(), match.end()
        position = match.end()
    yield from ((text[i], i, i + 1) for i in range(position, end))
