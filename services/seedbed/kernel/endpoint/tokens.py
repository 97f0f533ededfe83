"""Counts of tokens: estimated without a tokenizer, and as an endpoint tells them."""

import re
from typing import Any

# Hangul syllables, kana and Han each weigh about one token; Latin words are cut every four letters.
_PIECE = re.compile(r"[\uac00-\ud7a3\u3040-\u30ff\u3400-\u9fff]|[^\W_]{1,4}|[^\w\s]|_")


def count_tokens(text: str) -> int:
    """About how many tokens a text has for a subword tokenizer.

    Words and signs, and each syllable of scripts without spaces.
    """
    return len(_PIECE.findall(text))


def tokens_spent(reply: dict[str, Any], name: str) -> int:
    """What a reply says was spent: `prompt_tokens` or `completion_tokens`."""
    # Not every endpoint counts, and what some count is no number.
    spent = reply.get("usage")
    count = spent.get(name) if isinstance(spent, dict) else 0
    return count if isinstance(count, int) and count > 0 else 0
