"""RAFT contexts: a sample's chunk among others of its leaf, or only the others. Pure.

All chance is drawn by hash of the sample's id: its context depends on the leaf's chunks and on nothing else.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

from seedbed.dataset.hash_random import RANGE, draw_lot

GOLDEN_SHARE = 0.4
DOCUMENTS = 4


@dataclass(frozen=True, slots=True)
class Context:
    """The documents shown with one question; `golden` where the right one is among them."""

    documents: tuple[str, ...]
    golden: bool

    @property
    def text(self) -> str:
        """The documents as blocks, as upstream shows them."""
        return "\n\n".join(f"Document:\n{document}" for document in self.documents)


class ChunkShelf:
    """The different chunks of one leaf."""

    def __init__(self, chunks: Iterable[str]) -> None:
        self._chunks = sorted({chunk for chunk in chunks if chunk.strip()})

    def draw(self, sample: str, golden: str) -> Context:
        """The context of a sample that rests on the chunk `golden`."""
        others = len(self._chunks) - (golden in self._chunks)
        # A leaf of one chunk has nothing else to show.
        shown = not others or draw_lot(sample, "golden") < GOLDEN_SHARE * RANGE
        picked = [golden] if shown else []
        wanted = min(DOCUMENTS, others + len(picked))
        for turn in count():
            if len(picked) == wanted:
                break
            chunk = self._chunks[draw_lot(sample, f"pick/{turn}") % len(self._chunks)]
            if chunk != golden and chunk not in picked:
                picked.append(chunk)
        places = {chunk: draw_lot(sample, f"place/{number}") for number, chunk in enumerate(picked)}
        return Context(tuple(sorted(picked, key=places.__getitem__)), shown)
