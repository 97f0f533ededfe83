"""Whether a teacher's question can examine: its quote must stand in the passage, its answers differ. Pure."""

import unicodedata
from collections.abc import Sequence

_LEAST_QUOTE = 8
_AROUND = " \"'“”‘’«»…"
_ENDS = f"{_AROUND}.。"


def stands_in(quote: str, passage: str) -> bool:
    """Whether a quote stands in a passage word for word, breaks of lines and a last stop aside."""
    sought = _fold(quote).lstrip(_AROUND).rstrip(_ENDS)
    return len(sought) >= _LEAST_QUOTE and sought in _fold(passage)


def are_distinct(answer: str, wrong: Sequence[str]) -> bool:
    """Whether the right answer differs from the wrong ones, and they from each other."""
    folded = [_fold(text).casefold().rstrip(".") for text in (answer, *wrong)]
    return len(set(folded)) == len(folded)


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
