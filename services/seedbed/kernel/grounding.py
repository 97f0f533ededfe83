"""Whether a text bears an answer out, as far as that can be told without understanding it. Pure.

An answer that stands in the text does. Else its numbers must be given there, and most of its letters be found
there, three by three: a retelling has them in any script, and what speaks of something else has not.
"""

import re

from seedbed.kernel.numerals import numbers
from seedbed.kernel.quotes import find_quote
from seedbed.kernel.similarity import grams

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


def find_lack(answer: str, text: str, question: str = "") -> str:
    """What an answer says that neither the text nor its question does; "" where it is borne out."""
    if find_quote(answer, text):
        return ""
    known = f"{text}\n{question}"
    given = {_SEPARATOR.sub("", number) for number in numbers(known)}
    strange = [n for n in numbers(_LIST_NUMBER.sub("", answer)) if _SEPARATOR.sub("", n) not in given]
    # Where the text has no numeral it may say its numbers in words.
    if strange and numbers(text):
        return f"it does not give {', '.join(sorted(strange)[:5])}"
    own = grams(answer)
    share = len(own & (grams(text) | grams(question))) / max(len(own), 1)
    least = _LEAST_SHARE_WIDE if _WIDE.search(answer) else _LEAST_SHARE
    short = _SHORT_DENSE if _DENSE.search(answer) else _SHORT
    if len(own) >= short and share < least:
        return "it speaks of something else"
    return ""
