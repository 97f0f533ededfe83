"""Garbage collection: what none of the kept runs needs is removed, runs that are not kept among it."""

import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import accumulate

from seedbed.kernel.bus.streams import RUNS, Bus
from seedbed.kernel.errors import Conflict
from seedbed.kernel.store.interface import Store, Stored
from seedbed.runs.execution.run import ManagedRun
from seedbed.runs.execution.run_manager import RunManager
from seedbed.runs.storage.dead_letters import read_letters, remove_letters
from seedbed.runs.storage.seals import path_of
from seedbed.runs.upkeep.reachable import SWEPT, Reachable

_KINDS = ("snapshots", "commits", "seals", "cuts", "blobs", "datasets")


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Which runs are kept, and what of them."""

    names: tuple[str, ...] = ()
    last: int = 0
    within: timedelta = timedelta()
    everything: bool = False
    seals: bool = True
    grace: timedelta = timedelta(hours=1)
    """An object stays for so long in any case: somebody may be about to name it."""

    def of(self, runs: list[ManagedRun], now: float) -> list[ManagedRun]:
        """The runs that are kept, the latest first; those that have not ended always are."""
        latest = sorted(runs, key=lambda run: (-run.cell.value.create_time, run.name))
        # An evaluation's own run is none of so many, but stays where an older one does.
        places = accumulate((not run.cell.value.purpose for run in latest), initial=0)
        return [
            run
            for place, run in zip(places, latest, strict=False)
            if self.everything
            or run.running
            or run.name in self.names
            or place < self.last
            or now - run.cell.value.create_time < self.within.total_seconds()
        ]


@dataclass
class Garbage:
    """What is to be removed, and what it costs."""

    kept: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    objects: dict[str, list[Stored]] = field(default_factory=dict)
    """By kind."""
    unsealed: list[str] = field(default_factory=list)
    """Paths of the leaves that lose their seals."""
    calls: int = 0
    """Paid for what stands in these seals."""
    young: int = 0
    """Objects nobody needs that stay for their age."""


class GarbageCollection:
    """One collection of garbage: first look, then remove; in between a person may confirm."""

    def __init__(self, manager: RunManager, bus: Bus, store: Store, choice: Choice) -> None:
        self.garbage = Garbage()
        self.gone: Counter[str] = Counter()
        """Objects by kind."""
        self.freed: Counter[str] = Counter()
        """Bytes by kind."""
        self._manager = manager
        self._bus = bus
        self._store = store
        self._choice = choice

    async def look(self) -> Garbage:
        """Find what nobody needs. Raises NotFound where a run is not there, Conflict, Damaged."""
        await self._manager.book.check()
        runs = list(self._manager.runs.values())
        for name in self._choice.names:
            self._manager.get(name)
        kept = self._choice.of(runs, time.time())
        needs = Reachable(self._store, self._bus)
        await needs.take(kept, seals=self._choice.seals)
        self.garbage = Garbage([run.name for run in kept], sorted(r.name for r in runs if r not in kept))
        oldest = time.time() - self._choice.grace.total_seconds()
        for kind, prefix in zip(_KINDS, SWEPT, strict=True):
            found = [each for each in await self._store.scan(prefix) if not needs.hold(each.key)]
            self.garbage.objects[kind] = [each for each in found if each.time <= oldest]
            self.garbage.young += len(found) - len(self.garbage.objects[kind])
        await self._weigh_seals()
        return self.garbage

    async def _weigh_seals(self) -> None:
        going = [each.key for each in self.garbage.objects["seals"]]
        self.garbage.unsealed = sorted({path_of(key) for key in going})
        for key in going:
            if not key.endswith("/index.json"):
                records = await self._manager.seals.open(key) or ()
                self.garbage.calls += sum(record.usage.requests for record in records)

    async def carry_out(self) -> AsyncIterator[str]:
        """Remove it; says after each step what it was. Raises Conflict while runs go on."""
        async with self._manager.creating:
            if going := sorted(run.name for run in self._manager.runs.values() if run.going):
                message = f"runs go on ({', '.join(going)}), and may be about to name what nobody does yet"
                hint = "wait until they have ended, or cancel them: what they paid for is recalled"
                raise Conflict(message, hint=hint)
            await self.look()
            for name in self.garbage.runs:
                await self._remove_run(name)
            yield "runs"
            self._manager.snapshots.drop()
            for kind in _KINDS:
                # Of seals the index first: what it lists is there.
                for each in sorted(
                    self.garbage.objects[kind], key=lambda each: not each.key.endswith(".json")
                ):
                    await self._store.delete(each.key)
                    self.gone[kind] += 1
                    self.freed[kind] += each.size
                yield kind

    async def _remove_run(self, name: str) -> None:
        await remove_letters(self._bus, await read_letters(self._bus, name))
        # First: what it says is missing would be brought back.
        await self._manager.book.drop_copy(self._manager.runs[name])
        # Its leaves first: what is left of a removal that was cut off is a run that is removed again.
        await self._bus.purge(f"KV_{RUNS}", f"$KV.{RUNS}.{name}.>")
        await self._bus.purge(f"KV_{RUNS}", f"$KV.{RUNS}.{name}")
        del self._manager.runs[name]
        self.gone["runs"] += 1
