"""The keeper: follows the records, carries every open leaf on, and admits new work while there is room.

Back-pressure is here only: what follows from work already admitted is never refused.
"""

import asyncio
import contextlib
import time
from collections.abc import Coroutine
from typing import Any

from seedbed.bus.v1.bus_pb2 import Event, LeafEntry, LeafState, LeafTarget, Plan, RunEntry, RunState
from seedbed.kernel.bus import LIMITS, MEMO, Bus
from seedbed.kernel.errors import Conflict, NotFound, SeedbedError
from seedbed.kernel.logs import get_logger
from seedbed.kernel.memo import Memo
from seedbed.kernel.permits import Table
from seedbed.kernel.plans import KnownPlan
from seedbed.kernel.store import Store
from seedbed.kernel.tasks import end_tasks
from seedbed.runs.entries import Cell, Entries
from seedbed.runs.leaf import AT_ONCE, Effects, LeafWork
from seedbed.runs.run import KeptRun
from seedbed.runs.seals import Seals
from seedbed.taxonomy.v1.leaf_pb2 import Leaf, Snapshot

SILENCE = 60.0
ROOM = 4
"""Open items for each call that may be in flight."""

log = get_logger(__name__)


class Keeper:
    """Keeps all runs going. One process at a time; a second one would lose every compare-and-set."""

    def __init__(self, bus: Bus, store: Store, concurrency: int, *, resume: bool = True) -> None:
        self.runs: dict[str, KeptRun] = {}
        self.paused = ""
        self._bus = bus
        self._store = store
        self._room = max(64, ROOM * concurrency)
        self._resume = resume
        self._caught_up = asyncio.Event()
        self._entries = Entries(bus)
        self._memo = Memo(bus, store)
        self._effects = Effects(bus, store, self._entries, Seals(store), self._memo)
        self._snapshots: dict[str, dict[str, Leaf]] = {}
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Prepare the bus, take up what was left, and go on."""
        await self._bus.prepare()
        await self._load()
        for loop in (self._follow_memo(), self._follow_limits(), self._admit(), self._watch_over()):
            self._spawn(loop)

    async def stop(self) -> None:
        """Stop; everything decided is on record."""
        await end_tasks(self._tasks)

    async def create(self, plan: Plan) -> KeptRun:
        """Create a run, or take up again the one there is. Runs that lie dormant beside it are superseded."""
        await self._caught_up.wait()
        for other in [other for other in self.runs.values() if other.dormant and other.name != plan.run]:
            await self._stop_run(other)
        run = self.runs.get(plan.run)
        if run is None:
            run = self._keep(Cell(plan.run, RunEntry(plan=plan)))
        if run.cell.value.state in (RunState.RUN_STATE_UNSPECIFIED, RunState.RUN_STATE_CANCELLED):
            await self._reopen(run)
        elif run.dormant:
            run.dormant = False
            self._resume_works(run)
            self._wake.set()
        return run

    def get(self, name: str) -> KeptRun:
        """A run by its id. Raises NotFound."""
        if name not in self.runs:
            raise NotFound(f"there is no run {name}", hint="`seedbed runs list` names those there are")
        return self.runs[name]

    async def cancel(self, name: str) -> KeptRun:
        """Stop a run; what was paid for stays and is recalled when it is created again."""
        run = self.get(name)
        if not run.going:
            raise Conflict(f"the run {name} has ended already")
        await self._stop_run(run)
        return run

    async def retry(self, run: KeptRun, token: str, digests: list[str]) -> None:
        """Settle an ended leaf anew, without the records of these items. Raises Conflict."""
        cell = run.leaves[token]
        if token in run.works or cell.value.state == LeafState.LEAF_STATE_OPEN:
            raise Conflict("the leaf is still in progress", hint="wait until it has ended, then retry")

        def reopen(entry: LeafEntry) -> None:
            revision = entry.revision + 1
            excluded = [*entry.excluded, *digests]
            entry.Clear()
            entry.run, entry.leaf, entry.revision = run.name, token, revision
            entry.state = LeafState.LEAF_STATE_WAITING
            entry.excluded.extend(excluded)

        await self._entries.write(cell, reopen)
        if not run.going:
            await self._set_state(run, RunState.RUN_STATE_RUNNING)
        self._wake.set()

    async def _stop_run(self, run: KeptRun) -> None:
        for work in list(run.works.values()):
            await work.cancel()
        run.works.clear()
        run.dormant = False
        await self._end(run, RunState.RUN_STATE_CANCELLED)

    def leaf(self, run: KeptRun, target: LeafTarget) -> Leaf:
        """The leaf of a run's snapshot, once it is loaded."""
        return self._snapshots[run.known.plan.snapshot][target.path]

    async def load_snapshot(self, digest: str) -> Snapshot:
        """A snapshot out of the store. Raises NotFound."""
        snapshot = Snapshot.FromString(await self._store.get(f"snapshots/{digest}"))
        self._snapshots[digest] = {leaf.path: leaf for leaf in snapshot.leaves}
        return snapshot

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._guard(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except SeedbedError as error:
            log.warning("work on a leaf stopped; it is taken up again", error=error.message)
        except Exception:
            log.exception("work on a leaf stopped; it is taken up again")

    def _keep(self, cell: Cell[RunEntry]) -> KeptRun:
        known = KnownPlan.open(cell.value.plan)
        leaves = {
            target.leaf: Cell(
                f"{cell.key}.{target.leaf}",
                LeafEntry(run=cell.key, leaf=target.leaf, state=LeafState.LEAF_STATE_WAITING),
            )
            for target in known.plan.leaves
        }
        self.runs[cell.key] = KeptRun(cell, known, leaves)
        return self.runs[cell.key]

    async def _load(self) -> None:
        leaves = []
        async for cell in self._entries.load():
            if isinstance(cell.value, RunEntry):
                self._keep(Cell(cell.key, cell.value, cell.revision))
            else:
                leaves.append(Cell(cell.key, cell.value, cell.revision))
        for leaf in leaves:
            run = self.runs.get(leaf.value.run)
            if run and leaf.value.leaf in run.leaves:
                run.leaves[leaf.value.leaf] = leaf
        for run in [run for run in self.runs.values() if run.going]:
            run.dormant = not self._resume
            for target in run.targets():
                if run.leaves[target.leaf].value.state == LeafState.LEAF_STATE_OPEN:
                    await self._work_on(run, target)

    async def _reopen(self, run: KeptRun) -> None:
        for cell in run.leaves.values():
            if cell.value.state == LeafState.LEAF_STATE_CANCELLED:
                await self._entries.write(cell, _restart)
        await self._set_state(run, RunState.RUN_STATE_RUNNING)
        self._wake.set()

    async def _work_on(self, run: KeptRun, target: LeafTarget) -> LeafWork:
        if run.known.plan.snapshot not in self._snapshots:
            await self.load_snapshot(run.known.plan.snapshot)
        leaf, cell = self.leaf(run, target), run.leaves[target.leaf]
        work = LeafWork(run.known, target, leaf, cell, self._effects, lambda: self._note(run))
        run.works[target.leaf] = work
        return work

    async def _follow_memo(self) -> None:
        async for entry in self._bus.watch(MEMO):
            if entry is None:
                # All that was there is taken in, at the start and after every reconnect.
                self._caught_up.set()
                for run in [run for run in self.runs.values() if run.going]:
                    self._resume_works(run)
                continue
            if not entry.value:
                continue
            name, token, _ = entry.key.split(".")
            if name not in self.runs:
                continue
            run = self.runs[name]
            if token not in run.works:
                await self._drop_orphan(run, token)
                continue
            work = run.works[token]
            if work.take(await self._memo.read(entry.value)):
                self._spawn(work.advance())
            self._note(run)

    def _resume_works(self, run: KeptRun) -> None:
        for work in run.works.values():
            self._spawn(work.resume())

    async def _drop_orphan(self, run: KeptRun, token: str) -> None:
        # Written by a worker that came back after its leaf had ended.
        if token in run.leaves and run.leaves[token].value.state == LeafState.LEAF_STATE_SEALED:
            await self._bus.purge(f"KV_{MEMO}", f"$KV.{MEMO}.{run.name}.{token}.>")

    async def _follow_limits(self) -> None:
        tables: dict[str, Table] = {}
        async for entry in self._bus.watch(LIMITS):
            if entry is not None and entry.value:
                tables[entry.key] = Table.from_json(entry.value)
                reasons = {h.paused for table in tables.values() for h in table.holders.values() if h.paused}
                self.paused = "; ".join(sorted(reasons))

    async def _admit(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), 1)
            self._wake.clear()
            for run in [run for run in self.runs.values() if run.going]:
                try:
                    await self._fill(run)
                except SeedbedError as error:
                    log.warning("a leaf could not be opened; tried again", run=run.name, error=error.message)
                    await asyncio.sleep(1)
            await asyncio.sleep(0.01)

    async def _fill(self, run: KeptRun) -> None:
        """Publish what waits and open leaves, while the run has fewer open items than its share."""
        share = self._room // max(1, sum(other.going for other in self.runs.values()))
        while (room := share - sum(work.in_flight for work in run.works.values())) > 0:
            for work in [w for w in run.works.values() if w.ended]:
                run.works.pop(work.course.target.leaf)
            waiting = [work for work in run.works.values() if work.course.waiting]
            if waiting:
                for work in waiting:
                    await work.publish(min(AT_ONCE, max(1, room // len(waiting))))
            elif target := run.next_waiting():
                await self._open(run, target)
            else:
                break
        if run.going and not run.works and run.next_waiting() is None:
            short = any(cell.value.reason for cell in run.leaves.values())
            await self._end(run, RunState.RUN_STATE_SHORT if short else RunState.RUN_STATE_SUCCEEDED)

    async def _open(self, run: KeptRun, target: LeafTarget) -> None:
        work = await self._work_on(run, target)
        try:
            await work.open()
        except BaseException:
            run.works.pop(target.leaf, None)
            raise

    async def _watch_over(self) -> None:
        while True:
            await asyncio.sleep(5)
            now = time.monotonic()
            for run in [run for run in self.runs.values() if run.going]:
                for work in [work for work in run.works.values() if work.ready]:
                    if work.course.settled:
                        self._spawn(work.advance())
                    elif work.in_flight and now - work.last_news > SILENCE:
                        self._spawn(work.publish_again())

    async def _end(self, run: KeptRun, state: RunState.ValueType) -> None:
        await self._set_state(run, state)
        log.info("run ended", run=run.name, state=RunState.Name(state))

    async def _set_state(self, run: KeptRun, state: RunState.ValueType) -> None:
        def change(entry: RunEntry) -> None:
            entry.state = state
            going = state == RunState.RUN_STATE_RUNNING
            entry.create_time = entry.create_time or time.time()
            entry.end_time = 0 if going else time.time()

        await self._entries.write(run.cell, change)
        await self._bus.publish_event(Event(run=run.name, service="runs", what=RunState.Name(state).lower()))
        self._note(run)

    def _note(self, run: KeptRun) -> None:
        run.version += 1
        self._wake.set()


def _restart(entry: LeafEntry) -> None:
    entry.state = LeafState.LEAF_STATE_WAITING
    del entry.rounds[:]
