"""One run, as the keeper has it: its plan, its leaves, and how quickly it goes."""

import time
from collections import deque
from dataclasses import dataclass, field

from seedbed.bus.v1.bus_pb2 import LeafCounts, LeafEntry, LeafState, LeafTarget, RunEntry, RunState
from seedbed.kernel.plans import KnownPlan
from seedbed.runs.entries import Cell
from seedbed.runs.leaf import LeafWork
from seedbed.runs.v1.runs_service_pb2 import LeafProgress, Progress, Run

WINDOW = 30.0


@dataclass
class KeptRun:
    """A run, going on or ended."""

    cell: Cell[RunEntry]
    known: KnownPlan
    leaves: dict[str, Cell[LeafEntry]]
    """Entries by leaf token."""
    works: dict[str, LeafWork] = field(default_factory=dict)
    """Leaves in progress by token."""
    dormant: bool = False
    """Left by a process before this one, and not asked for again yet."""
    version: int = 0
    """Raised at every change, for watchers."""
    _speed: deque[tuple[float, int]] = field(default_factory=deque)

    @property
    def name(self) -> str:
        """The run's id."""
        return self.cell.key

    @property
    def going(self) -> bool:
        """Whether the run is being worked on."""
        return self.cell.value.state == RunState.RUN_STATE_RUNNING and not self.dormant

    def targets(self) -> list[LeafTarget]:
        """The plan's leaves, in order of path."""
        return list(self.known.plan.leaves)

    def next_waiting(self) -> LeafTarget | None:
        """The first leaf that nobody has opened."""
        for target in self.known.plan.leaves:
            waiting = self.leaves[target.leaf].value.state == LeafState.LEAF_STATE_WAITING
            if waiting and target.leaf not in self.works:
                return target
        return None

    def counts_of(self, target: LeafTarget) -> LeafCounts:
        """Items and candidates of a leaf, ended or not."""
        work = self.works.get(target.leaf)
        return work.course.counts() if work else self.leaves[target.leaf].value.counts

    def describe(self, paused: str) -> Run:
        """The run as the API shows it."""
        leaves = [self._describe_leaf(target) for target in self.known.plan.leaves]
        return Run(
            name=self.name,
            state=self.cell.value.state,
            leaves=leaves,
            progress=self._progress(leaves, paused),
            snapshot=self.known.plan.snapshot,
            recipe=self.known.plan.recipe,
            steps=self.known.plan.steps,
        )

    def _describe_leaf(self, target: LeafTarget) -> LeafProgress:
        entry = self.leaves[target.leaf].value
        work = self.works.get(target.leaf)
        counts = self.counts_of(target)
        passed = work.course.fold.passed if work else counts.accepted
        return LeafProgress(
            path=target.path,
            kind=target.kind,
            target=target.target,
            state=entry.state,
            rounds=len(entry.rounds),
            counts=counts,
            reason=entry.reason,
            accepted_so_far=min(passed, target.target),
        )

    def _progress(self, leaves: list[LeafProgress], paused: str) -> Progress:
        progress = Progress(
            samples=sum(leaf.accepted_so_far for leaf in leaves),
            target=sum(leaf.target for leaf in leaves),
            open_items=sum(work.in_flight for work in self.works.values()),
            requests=sum(leaf.counts.usage.requests for leaf in leaves),
            prompt_tokens=sum(leaf.counts.usage.prompt_tokens for leaf in leaves),
            completion_tokens=sum(leaf.counts.usage.completion_tokens for leaf in leaves),
            recalled=sum(leaf.counts.items_recalled for leaf in leaves),
            dead=sum(leaf.counts.items_malformed + leaf.counts.items_failed for leaf in leaves),
            paused=paused if self.going else "",
            time_left=-1,
        )
        if self.going:
            progress.samples_per_second = self._measure(progress.samples)
            if progress.samples_per_second > 0:
                left = sum(leaf.target - leaf.accepted_so_far for leaf in leaves if not leaf.reason)
                progress.time_left = left / progress.samples_per_second
        return progress

    def _measure(self, samples: int) -> float:
        now = time.monotonic()
        self._speed.append((now, samples))
        while now - self._speed[0][0] > WINDOW:
            self._speed.popleft()
        then, before = self._speed[0]
        return (samples - before) / (now - then) if now - then > 1 else 0.0
