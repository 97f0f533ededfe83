"""The metrics of runs: how far each is, and how long the queues are. Measured when they are collected."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator

import nats.errors

from seedbed.bus.v1.bus_pb2 import LeafState, RunState
from seedbed.kernel.bus.streams import WORK, Bus, consumer_name
from seedbed.kernel.telemetry import metrics
from seedbed.kernel.telemetry.meters import Instrument, Observation, Observed
from seedbed.runs.execution.run_manager import RunManager
from seedbed.runs.v1.runs_service_pb2 import LeafProgress, Run

SHOWN = 900.0
"""Seconds for which an ended run is still reported."""
FRESH = 0.5
LOOK = 2.0

_ENDS = ("accepted", "rejected", "duplicate", "unneeded")
_OUTCOMES = ("done", "malformed", "failed")

_queues = {
    "num_pending": Observed(metrics.QUEUE_LAG),
    "num_ack_pending": Observed(metrics.QUEUE_HELD),
    "num_redelivered": Observed(metrics.QUEUE_AGAIN),
}


class RunMetrics:
    """The runs as they stand, looked at once for all metrics."""

    def __init__(self, manager: RunManager) -> None:
        self._manager = manager
        self._runs: list[Run] = []
        self._taken = 0.0

    def observe(self) -> None:
        """Report them from now on."""
        for metric, look in _LOOKS:
            Observed(metric).observe(lambda look=look: self._each(look))  # type: ignore[misc]

    def _each(self, look: "Look") -> Iterator[Observation]:
        for run in self._look():
            yield from look(run)

    def _look(self) -> list[Run]:
        if time.monotonic() - self._taken > FRESH:
            since = time.time() - SHOWN
            kept = [
                run for run in self._manager.runs.values() if run.going or run.cell.value.end_time > since
            ]
            self._runs = [run.describe(self._manager.paused) for run in kept]
            self._taken = time.monotonic()
        return self._runs


Look = Callable[[Run], Iterator[Observation]]


def _by_kind(run: Run) -> dict[str, list[LeafProgress]]:
    kinds: dict[str, list[LeafProgress]] = {}
    for leaf in run.leaves:
        kinds.setdefault(leaf.kind, []).append(leaf)
    return kinds


def _by_step(run: Run, *names: str) -> Iterator[tuple[str, str, Counter[str]]]:
    """Counts of these names for each kind of leaf and step."""
    for kind, leaves in _by_kind(run).items():
        steps: dict[str, Counter[str]] = {}
        for leaf in leaves:
            for row in leaf.counts.steps:
                counter = steps.setdefault(row.step, Counter())
                for name in names:
                    counter[name] += getattr(row if hasattr(row, name) else row.usage, name)
        for step, counter in steps.items():
            yield kind, step, counter


def _items(run: Run) -> Iterator[Observation]:
    for kind, step, counter in _by_step(run, *_OUTCOMES):
        for outcome in _OUTCOMES:
            yield (run.name, kind, step, outcome), counter[outcome]


def _recalled(run: Run) -> Iterator[Observation]:
    for kind, step, counter in _by_step(run, "recalled"):
        yield (run.name, kind, step), counter["recalled"]


def _requests(run: Run) -> Iterator[Observation]:
    for kind, step, counter in _by_step(run, "requests"):
        yield (run.name, kind, step), counter["requests"]


def _tokens(run: Run) -> Iterator[Observation]:
    for kind, step, counter in _by_step(run, "prompt_tokens", "completion_tokens"):
        yield (run.name, kind, step, "input"), counter["prompt_tokens"]
        yield (run.name, kind, step, "output"), counter["completion_tokens"]


def _candidates(run: Run) -> Iterator[Observation]:
    for kind, leaves in _by_kind(run).items():
        for end in _ENDS:
            yield (run.name, kind, end), sum(getattr(leaf.counts, end) for leaf in leaves)


def _samples(run: Run) -> Iterator[Observation]:
    for kind, leaves in _by_kind(run).items():
        yield (run.name, kind), sum(leaf.accepted_so_far for leaf in leaves)


def _target(run: Run) -> Iterator[Observation]:
    for kind, leaves in _by_kind(run).items():
        yield (run.name, kind), sum(leaf.target for leaf in leaves)


def _open(run: Run) -> Iterator[Observation]:
    yield (run.name,), run.progress.open_items


def _leaves(run: Run) -> Iterator[Observation]:
    found = Counter(leaf.state for leaf in run.leaves)
    for name, state in LeafState.items():
        if state != LeafState.LEAF_STATE_UNSPECIFIED:
            yield (run.name, name.removeprefix("LEAF_STATE_").lower()), found[state]


def _left(run: Run) -> Iterator[Observation]:
    if run.state != RunState.RUN_STATE_RUNNING:
        yield (run.name,), 0.0
    elif run.progress.HasField("time_left"):
        yield (run.name,), run.progress.time_left.ToTimedelta().total_seconds()


def _paused(run: Run) -> Iterator[Observation]:
    yield (run.name,), float(bool(run.progress.paused))


_LOOKS: tuple[tuple[metrics.Metric, Look], ...] = (
    (metrics.RUN_ITEMS, _items),
    (metrics.RUN_RECALLED, _recalled),
    (metrics.RUN_REQUESTS, _requests),
    (metrics.RUN_TOKENS, _tokens),
    (metrics.RUN_CANDIDATES, _candidates),
    (metrics.RUN_SAMPLES, _samples),
    (metrics.RUN_TARGET, _target),
    (metrics.RUN_OPEN, _open),
    (metrics.RUN_LEAVES, _leaves),
    (metrics.RUN_LEFT, _left),
    (metrics.RUN_PAUSED, _paused),
)


class QueueMetrics:
    """The queue of every step, as the broker reports it."""

    def __init__(self, manager: RunManager, bus: Bus) -> None:
        self._manager = manager
        self._bus = bus
        self._seen: dict[str, dict[str, float]] = {}
        for name, observed in _queues.items():
            observed.observe(lambda name=name: self._each(name))  # type: ignore[misc]

    async def watch(self) -> None:
        """Look again and again, while anybody wants to know; never ends."""
        while True:
            if Instrument.on:
                await self._look()
            await asyncio.sleep(LOOK)

    async def _look(self) -> None:
        for step in {spec.step for run in self._manager.runs.values() for spec in run.known.plan.steps}:
            try:
                info = await self._bus.js.consumer_info(WORK, consumer_name(step))
            except nats.errors.Error:
                # No worker has ever begun with it, or the broker is away.
                self._seen.pop(step, None)
            else:
                self._seen[step] = {name: float(getattr(info, name) or 0) for name in _queues}

    def _each(self, name: str) -> Iterator[Observation]:
        for step, seen in self._seen.items():
            yield (step,), seen[name]
