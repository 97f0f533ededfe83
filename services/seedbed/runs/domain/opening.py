"""The opening of a round: its draws by number, one after the other, out of each quota's list. Pure."""

from collections.abc import Iterator, Sequence

from seedbed.bus.v1.bus_pb2 import Round
from seedbed.pipeline.kinds.entry import Draw


def number_draw(quota: int, position: int, quotas: int) -> int:
    """The number of a draw in the leaf: places of its quotas in turn."""
    return position * quotas + quota


class Opening:
    """Takes draws as they are asked for, so that a large round is never in memory as a whole."""

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
