"""Cuts a Markdown text into chunks that respect headings and a budget of tokens. Pure.

For every chunk, `text[start:end]` is its text, in code points; where rows of a table begin it, the table's
head stands before them. What must be raised when a cut changes is the version of the step `knowledge.chunk`.
"""

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from seedbed.knowledge.blocks import Block, blocks
from seedbed.knowledge.sentences import letters, sentences, strip, words
from seedbed.pipeline.tokens import count_tokens

Span = tuple[int, int]
Cutter = Callable[[str, int, int], Iterator[Span]]

# Longer than this a span is over any budget of tokens that a word of it may reach; counting would only cost.
_LETTERS_A_TOKEN = 64


@dataclass(frozen=True, slots=True)
class Passage:
    """Where a chunk stands: span, headings above, first page (0 for none), and a key that stays its own."""

    start: int
    end: int
    headings: tuple[str, ...]
    page: int
    key: str
    head: Span = (0, 0)

    def text(self, whole: str) -> str:
        """The chunk's text out of the document's."""
        return whole[slice(*self.head)] + whole[self.start : self.end]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a chunk; the head is for where it begins one."""

    start: int
    end: int
    head: Span = (0, 0)


def cut(text: str, max_tokens: int, pages: Sequence[int] = ()) -> Iterator[Passage]:
    """Cut a text; `pages` are the places where its pages start."""
    places: Counter[tuple[str, ...]] = Counter()
    for piece, headings in _packed(text, max_tokens):
        start, end = piece.start, piece.end
        if not any(letter.isalnum() for letter in text[start:end]):
            continue
        key = passage_key(headings, places[headings])
        places[headings] += 1
        yield Passage(start, end, headings, bisect_right(pages, start), key, piece.head)


def passage_key(headings: Sequence[str], ordinal: int) -> str:
    """The place of a chunk: an edit under other headings does not move it."""
    return hashlib.sha256("\x1f".join([*headings, str(ordinal)]).encode()).hexdigest()[:16]


def _packed(text: str, budget: int) -> Iterator[tuple[_Piece, tuple[str, ...]]]:
    """Pieces of one section together, as many as the budget holds."""
    open_block: Block | None = None
    chunk, used = _Piece(0, 0), 0
    for block in blocks(text):
        for piece in _pieces(text, block, budget):
            if open_block is not None and open_block.section == block.section:
                more = count_tokens(text[chunk.end : piece.end])
                if used + more <= budget:
                    chunk, used = _Piece(chunk.start, piece.end, chunk.head), used + more
                    continue
            if open_block is not None:
                yield chunk, open_block.headings
            open_block, chunk = block, piece
            used = count_tokens(text[slice(*piece.head)]) + count_tokens(text[piece.start : piece.end])
    if open_block is not None:
        yield chunk, open_block.headings


def _pieces(text: str, block: Block, budget: int) -> Iterator[_Piece]:
    """The block whole, or cut at its parts, at sentences, at words, within words: no finer than needed."""
    if not block.parts or _fits(text, block.start, block.end, budget):
        yield from (_Piece(*span) for span in _finer(text, block.start, block.end, budget))
        return
    # A head that would leave its rows no room is not repeated.
    head = block.head if _fits(text, *block.head, budget // 2) else (0, 0)
    room = budget - count_tokens(text[slice(*head)])
    for number, (start, end) in enumerate(block.parts):
        if number:
            yield from (_Piece(*span, head) for span in _finer(text, start, end, room))
        else:
            yield from (_Piece(*span) for span in _finer(text, start, end, budget))


def _finer(
    text: str, start: int, end: int, budget: int, cutters: Sequence[Cutter] = (sentences, words, letters)
) -> Iterator[Span]:
    span = strip(text, start, end)
    if span is None:
        return
    if not cutters or _fits(text, *span, budget):
        yield span
        return
    for inner in cutters[0](text, *span):
        yield from _finer(text, *inner, budget, cutters[1:])


def _fits(text: str, start: int, end: int, budget: int) -> bool:
    return end - start <= budget * _LETTERS_A_TOKEN and count_tokens(text[start:end]) <= budget
