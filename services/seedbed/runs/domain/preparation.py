"""The preparation of a leaf: its documents are cut and retold before there are draws. Pure."""

from collections import deque
from collections.abc import Sequence

from seedbed.bus.v1.bus_pb2 import Item, Record
from seedbed.runs.domain.fold import Fold

PREPARATION = 2**32 - 1
"""The number of what is done before there are draws; none of theirs, as the two are told apart by it."""


class Preparation:
    """First items, and all that follows from them."""

    def __init__(self, items: Sequence[Item], fold: Fold) -> None:
        self.waiting = deque(items)
        """Items not published yet."""
        self._items = items
        self._fold = fold
        fold.begin(PREPARATION)

    @property
    def is_closed(self) -> bool:
        """Whether all of it is done."""
        if self.waiting or self._fold.open_in(PREPARATION):
            return False
        return self._fold.is_closed(item.digest for item in self._items)

    def unclosed(self) -> list[Item]:
        """Published items under which something is open."""
        waiting = {item.digest for item in self.waiting}
        return [
            item
            for item in self._items
            if item.digest not in waiting and not self._fold.is_closed([item.digest])
        ]

    def let_go(self) -> list[Record]:
        """Forget it, as the passages are known; returns what it was."""
        return self._fold.let_go(PREPARATION, [item.digest for item in self._items])
