"""One run, as the manager holds it: its plan, its leaves, and how quickly it goes."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

from seedbed.bus.v1.bus_pb2 import (
    LeafCounts,
    LeafEntry,
    LeafState,
    LeafTarget,
    RunEntry,
    RunState,
    StepCounts,
)
from seedbed.kernel.formats.protos import timestamp
from seedbed.pipeline.costs import Spending, Tariff, add_usage
from seedbed.pipeline.failure_causes import add_up, count_calls
from seedbed.pipeline.plan import KnownPlan
from seedbed.runs.api.leaf_preview import LeafPreview
from seedbed.runs.domain.leaf_budget import LeafBudget
from seedbed.runs.domain.run_budget import share_of
from seedbed.runs.execution.leaf_runner import LeafRunner
from seedbed.runs.storage.run_entries import Cell
from seedbed.runs.v1.runs_service_pb2 import LeafProgress, Progress, Run
from seedbed.taxonomy.v1.leaf_pb2 import Leaf

WINDOW = 30.0
DORMANT = "it waits to be created again"

_UNENDED = (LeafState.LEAF_STATE_WAITING, LeafState.LEAF_STATE_OPEN)


@dataclass
class ManagedRun:
    """A run, going on or ended."""

    cell: Cell[RunEntry]
    known: KnownPlan
    leaves: dict[str, Cell[LeafEntry]]
    """Entries by leaf token."""
    wake: asyncio.Event
    """Set whenever something has changed."""
    works: dict[str, LeafRunner] = field(default_factory=dict)
    """Leaves in progress by token."""
    dormant: bool = False
    """Left by a process before this one, and not asked for again yet."""
    version: int = 0
    """Raised at every change, for watchers."""
    trouble: str = ""
    """Why no leaf can be opened at the moment."""
    resting_until: float = 0
    """When it is tried again."""
    previews: dict[str, LeafPreview] = field(default_factory=dict)
    """While it lies dormant: how far its leaves in progress are, by token, as far as that was looked at."""
    copied: int | None = None
    """What its copy in the store is of; None where that has not been looked at."""
    gaps: list[tuple[str, str]] = field(default_factory=list)
    """What the book has lost of it: paths of leaves, or nothing for its own entry, and what."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while it is decided whether the run goes on, and while a leaf is opened."""
    _speed: deque[tuple[float, int]] = field(default_factory=deque)

    @property
    def name(self) -> str:
        """The run's id: the hash of its plan."""
        return self.cell.key

    @property
    def running(self) -> bool:
        """Whether the run has not ended."""
        return self.cell.value.state == RunState.RUN_STATE_RUNNING

    @property
    def going(self) -> bool:
        """Whether the run is being worked on."""
        return self.running and not self.dormant

    @property
    def tariff(self) -> Tariff | None:
        """What counts against the run's budget; None where it has none, or asks nobody."""
        recipe = self.known.recipe
        return Tariff(recipe.budget, recipe.prices) if recipe.budget and recipe.refill else None

    def budget_of(self, target: LeafTarget, leaf: Leaf) -> LeafBudget | None:
        """What a leaf may spend."""
        if self.tariff is None:
            return None
        share = share_of(self.tariff.limits, target, self.known.plan.leaves)
        for row in self.cell.value.allowances:
            if row.leaf == target.leaf:
                share = Spending(row.calls, row.tokens, row.money)
        budget = LeafBudget(self.tariff, share, self.known, leaf)
        budget.elsewhere = {row.step: row.dearest for row in self.cell.value.dearest}
        return budget

    @property
    def in_flight(self) -> int:
        """Items published and not closed."""
        return sum(work.in_flight for work in self.works.values())

    @property
    def outlook(self) -> int:
        """Draws that the leaves in progress have still to begin, as far as that is known."""
        return sum(work.outlook for work in self.works.values())

    def targets(self) -> list[LeafTarget]:
        """The plan's leaves, in order of path."""
        return list(self.known.plan.leaves)

    def next_waiting(self) -> LeafTarget | None:
        """The first leaf that has not ended and that nobody works on."""
        for target in self.known.plan.leaves:
            if self.leaves[target.leaf].value.state in _UNENDED and target.leaf not in self.works:
                return target
        return None

    def drop_ended(self) -> None:
        """Let go of leaves that have ended."""
        for work in [work for work in self.works.values() if work.ended]:
            del self.works[work.state.target.leaf]

    def note(self) -> None:
        """Take note of a change."""
        self.version += 1
        self.wake.set()

    def end_state(self) -> RunState.ValueType:
        """The state it ends in, as all of its leaves have ended."""
        if not any(cell.value.reason for cell in self.leaves.values()):
            return RunState.RUN_STATE_SUCCEEDED
        calls = [count_calls(cell.value.counts.steps) for cell in self.leaves.values()]
        all_given_up = any(given_up for _, given_up in calls) and not any(done for done, _ in calls)
        return RunState.RUN_STATE_FAILED if all_given_up else RunState.RUN_STATE_SHORT

    def counts_of(self, target: LeafTarget) -> LeafCounts:
        """Items and candidates of a leaf, ended or not."""
        if preview := self.previews.get(target.leaf):
            return preview.counts
        work = self.works.get(target.leaf)
        return work.state.counts() if work else self.leaves[target.leaf].value.counts

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
            superseded_by=self.cell.value.superseded_by,
            dormant=self.dormant,
            create_time=timestamp(self.cell.value.create_time),
            end_time=timestamp(self.cell.value.end_time),
            gaps=[f"{leaf}: {what}" if leaf else what for leaf, what in self.gaps],
            purpose=self.cell.value.purpose,
        )

    def _describe_leaf(self, target: LeafTarget) -> LeafProgress:
        entry = self.leaves[target.leaf].value
        work = self.works.get(target.leaf)
        counts = self.counts_of(target)
        preview = self.previews.get(target.leaf)
        passed = preview.passed if preview else work.state.fold.passed if work else counts.accepted
        return LeafProgress(
            path=target.path,
            kind=target.kind,
            target=target.target,
            state=entry.state,
            rounds=len(entry.rounds),
            counts=counts,
            reason=entry.reason,
            notes=work.state.notes if work else entry.notes,
            accepted_so_far=min(passed, target.target),
        )

    def _progress(self, leaves: list[LeafProgress], paused: str) -> Progress:
        progress = Progress(
            samples=sum(leaf.accepted_so_far for leaf in leaves),
            target=sum(leaf.target for leaf in leaves),
            open_items=self.in_flight,
            requests=sum(leaf.counts.usage.requests for leaf in leaves),
            prompt_tokens=sum(leaf.counts.usage.prompt_tokens for leaf in leaves),
            completion_tokens=sum(leaf.counts.usage.completion_tokens for leaf in leaves),
            recalled=sum(leaf.counts.items_recalled for leaf in leaves),
            dead=sum(leaf.counts.items_malformed + leaf.counts.items_failed for leaf in leaves),
            paused=self._explain(paused),
            steps=_sum_steps(leaves),
            repeats=sum(leaf.counts.repeats for leaf in leaves),
            causes=add_up(leaf.counts for leaf in leaves),
        )
        if self.going:
            progress.samples_per_second = self._measure(progress.samples)
            if progress.samples_per_second > 0:
                left = sum(leaf.target - leaf.accepted_so_far for leaf in leaves if not leaf.reason)
                progress.time_left.FromTimedelta(timedelta(seconds=left / progress.samples_per_second))
        return progress

    def _explain(self, paused: str) -> str:
        if not self.running:
            return ""
        return DORMANT if self.dormant else "; ".join(filter(None, (self.trouble, paused)))

    def _measure(self, samples: int) -> float:
        now = time.monotonic()
        self._speed.append((now, samples))
        while now - self._speed[0][0] > WINDOW:
            self._speed.popleft()
        then, before = self._speed[0]
        # Fewer than before: a leaf is settled anew.
        return max(0, samples - before) / (now - then) if now - then > 1 else 0.0


def _sum_steps(leaves: list[LeafProgress]) -> list[StepCounts]:
    """Items of each step in all leaves, with what they cost."""
    found: dict[str, StepCounts] = {}
    for leaf in leaves:
        for row in leaf.counts.steps:
            total = found.setdefault(row.step, StepCounts(step=row.step))
            for name in ("done", "malformed", "failed", "recalled"):
                setattr(total, name, getattr(total, name) + getattr(row, name))
            add_usage(total.usage, row.usage)
            add_usage(total.recorded, row.recorded)
    return [found[step] for step in sorted(found)]
