"""Whether a text bears an answer out, as far as that can be seen without understanding it. Pure.

An answer that stands in the text does. Else its numbers must be given there, and most of its letters be found
there, three by three: a retelling has them in any script, and what speaks of something else has not.
"""

import re

from seedbed.pipeline.folding import fold
from seedbed.pipeline.quotes import find_quote
from seedbed.pipeline.similarity import grams

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
# Measured on seed examples that people wrote: the least was 0.61, and of answers to other texts few had 0.5.
_LEAST_SHARE = 0.5
# A character says as much as a syllable or a word, and a retelling repeats fewer of them.
_LEAST_SHARE_WIDE = 0.25
# Less than this proves nothing either way.
_SHORT, _SHORT_DENSE = 20, 10
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0eff]")
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0eff\uac00-\ud7a3]")
_LIST_NUMBER = re.compile(r"^\s*\(?\d{1,3}[.)]\s", re.MULTILINE)
_SEPARATOR = re.compile(r"[.,:]")


class Ground:
    """A text that answers are held against; what is needed for all of them is found out once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._folded = fold(text)
        self._grams = grams(text)
        self._numbers = numbers(text)

    def find_lack(self, answer: str, question: str = "") -> str:
        """What an answer says that neither the text nor its question does; "" where it is borne out."""
        if find_quote(answer, self._text, self._folded):
            return ""
        given = {_SEPARATOR.sub("", number) for number in self._numbers | numbers(question)}
        named = numbers(_LIST_NUMBER.sub("", answer))
        strange = [number for number in named if _SEPARATOR.sub("", number) not in given]
        # Where the text has no numeral it may say its numbers in words.
        if strange and self._numbers:
            return f"it does not give {', '.join(sorted(strange)[:5])}"
        own = grams(answer)
        asked = grams(question)
        share = sum(gram in self._grams or gram in asked for gram in own) / max(len(own), 1)
        least = _LEAST_SHARE_WIDE if _WIDE.search(answer) else _LEAST_SHARE
        short = _SHORT_DENSE if _DENSE.search(answer) else _SHORT
        return "it speaks of something else" if len(own) >= short and share < least else ""


def numbers(text: str) -> frozenset[str]:
    """The numbers of a text as written: `1,000` and `1000` are two."""
    return frozenset(_NUMBER.findall(text))
