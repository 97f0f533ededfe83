"""Instruments: they keep what was recorded until it is asked for.

Our own, as the SDK's take several microseconds a value where these take a fraction of one, and an item
records many: a histogram keeps what comes as it is, and sorts it into its buckets when it is collected.
Recorded and collected on the event loop only. Values that nobody collects are not kept.
"""

import time
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar, Generic, TypeVar

from seedbed.kernel.telemetry.context import Context, current
from seedbed.kernel.telemetry.metrics import Metric

Values = tuple[str, ...]
"""Of a metric's attributes, in their order; empty for one that is absent."""
Observation = tuple[Values, float]
Exemplar = tuple[float, int, Context]
"""A value, when it was recorded (nanoseconds since the epoch), and in which span."""


@dataclass(slots=True)
class Buckets:
    """What a histogram has seen of one set of attributes."""

    counts: list[int]
    total: float = 0.0
    least: float = float("inf")
    most: float = float("-inf")
    exemplars: dict[int, Exemplar] = field(default_factory=dict)
    """The last one of each bucket."""
    recent: list[float] = field(default_factory=list)
    """What is in no bucket yet."""

    def sort(self, bounds: Sequence[float]) -> None:
        """Put what came into its buckets."""
        values, self.recent = sorted(self.recent), []
        if not values:
            return
        self.total += sum(values)
        self.least, self.most = min(self.least, values[0]), max(self.most, values[-1])
        ends = [*(bisect_right(values, bound) for bound in bounds), len(values)]
        for place, (before, end) in enumerate(pairwise([0, *ends])):
            self.counts[place] += end - before


MANY = 10_000
"""Values of one series that are put into their buckets before anybody asks."""

SeriesT = TypeVar("SeriesT", float, Buckets)


class Instrument(Generic[SeriesT]):
    """What all have in common."""

    on: ClassVar[bool] = False
    """Whether anything is kept."""
    every: ClassVar[list["Instrument[float] | Instrument[Buckets]"]] = []

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self.series: dict[Values, SeriesT] = {}
        Instrument.every.append(self)

    def look(self) -> None:
        """Get ready to be collected."""


class Counter(Instrument[float]):
    """A sum that only grows, by attributes."""

    def add(self, count: float, *values: str) -> None:
        """Add to the count of these attributes."""
        if self.on:
            self.series[values] = self.series.get(values, 0.0) + count


class Gauge(Instrument[float]):
    """Keeps the last value, by attributes."""

    def set(self, value: float, *values: str) -> None:
        """Replace the value of these attributes."""
        if self.on:
            self.series[values] = value


class Observed(Instrument[float]):
    """Asks for its values when they are collected; between, it costs nothing."""

    def __init__(self, metric: Metric) -> None:
        super().__init__(metric)
        self.observers: list[Callable[[], Iterable[Observation]]] = []

    def observe(self, observer: Callable[[], Iterable[Observation]]) -> None:
        """Add a function to be asked for its values at each collection."""
        self.observers.append(observer)

    def look(self) -> None:
        """Ask all observers for their present values."""
        self.series = {values: value for observer in self.observers for values, value in observer()}


class Histogram(Instrument[Buckets]):
    """Counts values by size. With the trace of the last one of each size, where it was in one."""

    def record(self, value: float, *values: str) -> None:
        """Take note of a value."""
        if not self.on:
            return
        buckets = self.series.get(values)
        if buckets is None:
            buckets = self.series[values] = Buckets([0] * (len(self.metric.bounds) + 1))
        buckets.recent.append(value)
        if (span := current.get()) is not None:
            place = bisect_left(self.metric.bounds, value)
            buckets.exemplars[place] = (float(value), time.time_ns(), span)
        if len(buckets.recent) >= MANY:
            buckets.sort(self.metric.bounds)

    def look(self) -> None:
        """Put what came into its buckets."""
        for buckets in self.series.values():
            buckets.sort(self.metric.bounds)

    def counts(self) -> Iterator[Observation]:
        """How many values there were, by the first attribute: for a counter that need not count again."""
        self.look()
        found: defaultdict[str, float] = defaultdict(float)
        for (first, *_), buckets in self.series.items():
            found[first] += sum(buckets.counts)
        for first, count in found.items():
            yield (first,), count


def collect() -> Sequence[Instrument[float] | Instrument[Buckets]]:
    """All instruments that have a value, brought up to date."""
    for instrument in Instrument.every:
        instrument.look()
    return [instrument for instrument in Instrument.every if instrument.series]


def forget() -> None:
    """Drop all values: telemetry is switched off, or a test begins."""
    for instrument in Instrument.every:
        instrument.series.clear()
