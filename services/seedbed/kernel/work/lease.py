"""The lease of an item: how long the broker leaves it with this process unless it hears of it.

Whoever was frozen or cut off for longer wakes up with items that others have by now. What such a process has
begun it brings to its end; what it has not begun is the others' to pay for.
"""

import time


class Ceded(Exception):
    """The item is another's by now, and comes again where that one dies: it is let alone."""


class Lease:
    """One item's, as far as this process can know: it ends no later than the broker's patience does."""

    def __init__(self, seconds: float, since: float) -> None:
        self._seconds = seconds
        self._end = since + seconds

    @property
    def lapsed(self) -> bool:
        """Whether others may have the item."""
        return time.monotonic() >= self._end

    def renew(self, since: float) -> None:
        """The broker has heard of the item, at `since` or later. What has lapsed stays so."""
        if not self.lapsed:
            self._end = since + self._seconds
