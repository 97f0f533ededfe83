"""Words that were parted at the end of a line: whether the hyphen was put there for that alone. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from .letters import SOFT_HYPHEN

_ENDS = re.compile(rf"([^\W\d_]+)[-\u2010{SOFT_HYPHEN}]$")
_BEGINS = re.compile(r"[^\W\d_]+")
_HYPHEN = re.compile(rf"[-\u2010{SOFT_HYPHEN}]$")
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff、。，！？」』）]"
)
_TENS = frozenset("twenty thirty forty fifty sixty seventy eighty ninety self well".split())
_LONG_ENOUGH = 3


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of a document that stand within lines."""

    words: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, lines: Iterable[str]) -> "Vocabulary":
        """The words of these lines, but for the first and the last of each."""
        words: set[str] = set()
        for line in lines:
            words.update(word.lower() for word in _WORD.findall(line)[1:-1])
        return cls(words)

    def join(self, text: str, line: str) -> tuple[str, str]:
        """What of a text goes on with a line, and what stands between the two."""
        if not _HYPHEN.search(text):
            return text, "" if _UNSPACED.match(text[-1:]) and _UNSPACED.match(line) else " "
        stem, head = _ENDS.search(text), _BEGINS.match(line)
        if stem is None or head is None:
            # A dash by itself, or a number: `10-` goes on with `20`.
            return text[:-1] + "-", "" if len(text) > 1 and not text[-2].isspace() else " "
        if self._was_put_in(stem[1].lower(), head[0]):
            return text[:-1], ""
        return text[:-1] + "-", ""

    def _was_put_in(self, stem: str, head: str) -> bool:
        if not head[0].islower():
            return not head[0].isupper()
        if stem + head in self.words:
            return True
        if f"{stem}-{head}" in self.words or stem in _TENS:
            return False
        known = stem in self.words and head in self.words
        return not (known and min(len(stem), len(head)) >= _LONG_ENOUGH)
