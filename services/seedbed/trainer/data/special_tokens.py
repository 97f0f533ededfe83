"""A tokenizer's special tokens: those that begin and end turns, which no message's text may forge."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from seedbed.kernel.chat_templates import added_tokens, form_of


@dataclass(frozen=True, slots=True)
class SpecialTokens:
    """What a tokenizer takes for its own."""

    added: dict[str, int]
    """All tokens that are found in a text before anything else."""
    tokens: frozenset[int]
    """Of those, the ones that stand for more than their letters."""
    one: "re.Pattern[str]"
    run: "re.Pattern[str]"
    anywhere: "re.Pattern[str]"
    """Finds each of them, also where one begins inside another."""
    written: str
    """Words that end a turn, where a template has no token for it."""

    def cuts(self, text: str, start: int, end: int) -> list[int]:
        """Where a text has to be cut so that no special token is found in that stretch of it."""
        if not self.one.search(text, start, end):
            return []
        return [found.start() + 1 for found in self.anywhere.finditer(text, start, end)]


def special_tokens_of(tokenizer: Any) -> SpecialTokens:
    """The special tokens of a tokenizer with its chat template."""
    return _look(tokenizer, str(tokenizer.chat_template or ""))


@lru_cache(maxsize=4)
def _look(tokenizer: Any, template: str) -> SpecialTokens:
    del template
    added = added_tokens(tokenizer)
    special = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    form = form_of(tokenizer)
    # Some tokenizers do not call those special that begin their turns.
    turning = {name for name in added if name.strip() and name in form.frame}
    names = sorted(special | turning | set(tokenizer.all_special_tokens), key=lambda name: (-len(name), name))
    either = "|".join(map(re.escape, names)) or r"(?!)"
    return SpecialTokens(
        added=added,
        tokens=frozenset(tokenizer.convert_tokens_to_ids(names)),
        one=re.compile(either),
        run=re.compile(f"(?:{either})+"),
        anywhere=re.compile(f"(?=(?:{either}))"),
        written=form.written,
    )
