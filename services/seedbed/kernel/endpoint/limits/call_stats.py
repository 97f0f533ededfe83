"""The calls of one process at one endpoint: how they ended, by what limit they were begun under.

It knows nothing of the table in which this is reported.
"""

import time
from dataclasses import dataclass

from seedbed.kernel.endpoint.limits.adaptive_limit import Seen

_SMOOTHING = 0.1


@dataclass(frozen=True, slots=True)
class Call:
    """A call in flight: the epoch in which it began, and when (monotonic seconds)."""

    epoch: int
    began: float


class CallStats:
    """What is seen of the present epoch: the time since the limit was last lowered."""

    def __init__(self) -> None:
        self.epoch = 0
        self.running = 0
        """Calls in flight."""
        self.taken = 0
        """Calls in flight when this epoch began, as far as this process knew, that were not refused."""
        self.successes = 0
        self.refusals = 0
        self._full = 0
        self._pause = 0.0
        self._seconds = 0.0

    def begin(self) -> Call:
        """Count a call as in flight, until `succeed`, `refuse` or `lose` is given it back."""
        self.running += 1
        return Call(self.epoch, time.monotonic())

    def succeed(self, call: Call, *, saturated: bool) -> None:
        """It was answered; it counts for the limit only where this process could not have made one more."""
        self.running -= 1
        seconds = time.monotonic() - call.began
        self._seconds += (seconds - self._seconds) * (_SMOOTHING if self._seconds else 1)
        if saturated and call.epoch == self.epoch:
            self.successes += 1

    def refuse(self, call: Call, pause: float) -> None:
        """It was refused, and no other is to be made for so many seconds."""
        if call.epoch == self.epoch and not self.refusals:
            # Counted now: until the others have heard of it, what was taken may be answered.
            self._full = self.running
        self.lose(call)
        if call.epoch == self.epoch:
            self.refusals += 1
            self._pause = max(self._pause, pause)

    def lose(self, call: Call) -> None:
        """It ended in a way that says nothing of the limit: a timeout, an error, nobody waiting for it."""
        self.running -= 1
        self._full = max(0, self._full - 1)
        if call.epoch != self.epoch:
            self.taken = max(0, self.taken - 1)

    @property
    def full(self) -> int:
        """Calls in flight, and not refused, when the endpoint turned out to be full."""
        return self._full if self.refusals else self.running

    def renew(self, epoch: int) -> None:
        """The limit was lowered: what was seen before does not count any more."""
        self.epoch, self.taken = epoch, self.full
        self.successes, self.refusals, self._pause = 0, 0, 0.0

    def seen(self) -> Seen:
        """What is to be reported."""
        return Seen(self.successes, self.refusals, self._pause, self._seconds)

    def forget(self, reported: Seen) -> None:
        """That much has been reported, and is not counted again."""
        self.successes = max(0, self.successes - reported.successes)
        self.refusals = max(0, self.refusals - reported.refusals)
