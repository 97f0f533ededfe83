"""Tokens, estimated without a tokenizer. Pure."""

import re

# Hangul syllables, kana and Han each weigh about one token; Latin words are cut every four letters.
_PIECE = re.compile(r"[\uac00-\ud7a3\u3040-\u30ff\u3400-\u9fff]|[^\W_]{1,4}|[^\w\s]|_")


def count_tokens(text: str) -> int:
    """About how many tokens a text has for a subword tokenizer.

    Words and symbols, and each syllable of scripts without spaces.
    """
    return len(_PIECE.findall(text))
