"""What a leaf is opened by: its documents are cut and retold first, then come rounds of draws. Pure."""

import math
from collections import deque
from collections.abc import Iterator, Sequence

from seedbed.bus.v1.bus_pb2 import Item, Record, Round
from seedbed.pipeline.kinds.entry import Draw
from seedbed.runs.domain.fold import Fold

PREPARATION = 2**32 - 1
"""The number of what is done before there are draws; none of theirs, as it tells the two apart."""


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


def draws_to_open(missing: int, opened: int, kept: int, dry: int, most: int) -> int:
    """How many draws of a quota the next round opens, so that its missing samples may come of them.

    By what came of the draws opened so far: those kept, and how many rounds in a row were `dry`; before the
    first round by the most candidates that a draw can give.
    """
    if not opened:
        return math.ceil(missing / most)
    base = missing * opened / kept if kept else missing / most
    # Each round that brought nothing doubles the next; twice what was opened so far is always enough.
    return min(math.ceil(base) << dry, 2 * opened)


def number_draw(quota: int, position: int, quotas: int) -> int:
    """The number of a draw in the leaf: places of its quotas in turn."""
    return position * quotas + quota


class Opening:
    """A round's draws by number, one after the other, out of each quota's list.

    Taken as they are asked for, so that a large round is never in memory as a whole.
    """

    def __init__(self, opened: Round, lists: Sequence[Iterator[Draw]]) -> None:
        self.opened = opened
        self.taken = [0] * len(lists)
        """Draws there really were, quota by quota: a list may end before the round does."""
        self._lists = lists

    @property
    def left(self) -> int:
        """How many there are at most beyond those taken."""
        return sum(row.end - row.first for row in self.opened.quotas) - sum(self.taken)

    def __iter__(self) -> Iterator[tuple[int, Draw]]:
        rows = self.opened.quotas
        first = min(row.first for row in rows if row.end > row.first)
        for position in range(first, max(row.end for row in rows)):
            for index, row in enumerate(rows):
                draw = next(self._lists[index], None) if row.first <= position < row.end else None
                if draw is not None:
                    self.taken[index] += 1
                    yield number_draw(index, position, len(rows)), draw
