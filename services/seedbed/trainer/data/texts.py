"""Rows as tokens: a conversation by its mask, or a text, of which every token counts up to its end. Pure."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from seedbed.trainer.data.marks import NotRendered
from seedbed.trainer.data.masks import Sample, make_samples
from seedbed.trainer.data.rows import Row
from seedbed.trainer.data.special_tokens import special_tokens_of


def encode_row(tokenizer: Any, row: Row, system: str, context: int) -> list[Sample]:
    """A row as tokens; a text that is longer than the context in several pieces. Raises NotRendered."""
    if row.text:
        return list(encode_text(tokenizer, row.text, context))
    return make_samples(tokenizer, row, system)


def encode_text(tokenizer: Any, text: str, context: int) -> Iterator[Sample]:
    """A text as tokens and the token that ends it, in pieces of about equal length. Raises NotRendered."""
    if tokenizer.eos_token_id is None:
        raise NotRendered("the tokenizer has no token that ends a text (`eos_token`)")
    start = _start(tokenizer)
    ids = [*_cut(tokenizer, text), tokenizer.eos_token_id]
    count = -(-len(ids) // (context - len(start)))
    for number in range(count):
        # Each begins as a text does: a model that knows a token for it is lost without.
        piece = (*start, *ids[len(ids) * number // count : len(ids) * (number + 1) // count])
        yield Sample(piece, (False,) * len(start) + (True,) * (len(piece) - len(start)))


def _start(tokenizer: Any) -> tuple[int, ...]:
    """The token that the tokenizer itself begins every text with, where there is one."""
    ids = tokenizer("")["input_ids"]
    return tuple(ids[:1]) if ids and ids[0] == tokenizer.bos_token_id else ()


def _cut(tokenizer: Any, text: str) -> list[int]:
    """Its tokens; what looks like a special one is plain text. Raises NotRendered."""
    special = special_tokens_of(tokenizer)
    cuts = special.cuts(text, 0, len(text))
    ids: list[int] = []
    for start, end in pairwise([0, *cuts, len(text)]):
        try:
            ids += tokenizer(text[start:end], add_special_tokens=False)["input_ids"]
        except Exception as error:
            # Tokenizers refuse what they cannot read by errors of their own.
            raise NotRendered(f"the tokenizer refuses it: {error}") from error
    if cuts and not special.tokens.isdisjoint(ids):
        raise NotRendered("the text holds a token that begins or ends turns")
    return ids
