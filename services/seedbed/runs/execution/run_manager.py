"""All runs, and what is decided about them. The listener and the admission carry them on."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from seedbed.bus.v1.bus_pb2 import LeafState, Plan, RunEntry, RunPurpose, RunState
from seedbed.kernel.bus.streams import RUNS, WORK, Bus
from seedbed.kernel.errors import Conflict, Damaged, NotFound, SeedbedError
from seedbed.kernel.logs import get_logger
from seedbed.kernel.store.interface import Store
from seedbed.kernel.work.memo import Memo
from seedbed.runs.api.leaf_preview import preview_leaf
from seedbed.runs.domain.damage import FINISHED, end_damaged, is_lost
from seedbed.runs.domain.reopening import begin_anew, keep_deciding, settle_anew
from seedbed.runs.execution.admission import Admission
from seedbed.runs.execution.background_tasks import Tasks
from seedbed.runs.execution.leaf_runner import Effects
from seedbed.runs.execution.listener import Listener
from seedbed.runs.execution.rebalance import take_back
from seedbed.runs.execution.run import ManagedRun
from seedbed.runs.execution.telemetry import creating
from seedbed.runs.storage.loading import load, open_run
from seedbed.runs.storage.run_book import RunBook
from seedbed.runs.storage.run_entries import Cell, Entries
from seedbed.runs.storage.seals import Seals
from seedbed.runs.storage.snapshots import Snapshots
from seedbed.runs.v1.runs_service_pb2 import Run

ITEMS_A_CALL = 4
"""Open items for each call that may be in flight."""

log = get_logger(__name__)


class RunManager:
    """Keeps all runs going. One process at a time; a second one would lose compare-and-sets."""

    def __init__(self, bus: Bus, store: Store, concurrency: int, *, resume: bool = True) -> None:
        self.runs: dict[str, ManagedRun] = {}
        self.unreadable: dict[str, str] = {}
        """Why entries cannot be read, by key; their runs, or leaves, are as if there were none."""
        self.book = RunBook(store, self.runs, self.unreadable)
        self.snapshots = Snapshots(store)
        self.seals = Seals(store)
        self._bus = bus
        self._resume = resume
        self._wake = asyncio.Event()
        self._tasks = Tasks()
        self.creating = asyncio.Lock()
        """Held while a run is created, and while nobody may create one."""
        memo = Memo(bus, store)
        self._entries = Entries(bus)
        effects = Effects(bus, store, self._entries, self.seals, memo)
        capacity = max(64, ITEMS_A_CALL * concurrency)
        self._listener = Listener(self.runs, bus, memo, self._tasks)
        self._admission = Admission(self.runs, effects, self.snapshots, capacity, self._wake, self._tasks)

    @property
    def paused(self) -> str:
        """What all wait for, an endpoint or the store; empty while nobody does."""
        return "; ".join(filter(None, (self._listener.paused, self._tasks.trouble)))

    async def start(self) -> None:
        """Prepare the bus, take up what was left, and go on."""
        await self._bus.prepare()
        await self._load()
        listener, admission = self._listener, self._admission
        for loop in (listener.follow_memo, listener.follow_limits, admission.admit, admission.watch_over):
            self._tasks.keep_up(loop)
        self._tasks.keep_up(listener.drop_orphans)
        self._tasks.keep_up(self.book.keep_copies)

    def keep_up(self, loop: Callable[[], Awaitable[None]]) -> None:
        """Keep up a loop that never ends for as long as this goes on."""
        self._tasks.keep_up(loop)

    async def stop(self) -> None:
        """Stop; everything decided is on record."""
        await self._tasks.stop()
        await self.book.keep_last_copies()

    async def create(
        self, plan: Plan, purpose: RunPurpose.ValueType = RunPurpose.RUN_PURPOSE_UNSPECIFIED
    ) -> ManagedRun:
        """Create a run, or take up again the one there is. Runs that lie dormant beside it are superseded."""
        await self._listener.caught_up.wait()
        # One after the other: two equal calls are one run.
        async with self.creating:
            for other in [other for other in self.runs.values() if other.dormant and other.name != plan.run]:
                await self._stop_run(other, superseded_by=plan.run)
            if plan.run in self.broken:
                # Made anew: what was paid for is recalled from its records and seals.
                await self._clear(plan.run)
            run = self.runs.get(plan.run)
            if run is None:
                entry = RunEntry(plan=plan, purpose=purpose)
                run = self.runs[plan.run] = open_run(Cell(plan.run, entry), self._wake)
            try:
                with creating(plan):
                    async with run.lock:
                        if run.cell.value.purpose and not purpose:
                            await self._entries.write(run.cell, lambda entry: entry.ClearField("purpose"))
                        await self._set_going(run)
            except BaseException:
                if not run.cell.revision:
                    # Nowhere on record, so there is no such run.
                    del self.runs[plan.run]
                raise
            return run

    def get(self, name: str) -> ManagedRun:
        """A run by its id. Raises NotFound, and Damaged where its record cannot be read."""
        if name in self.broken:
            raise Damaged(f"the run {name}", f"is broken: {self.broken[name]}")
        if name not in self.runs:
            raise NotFound(f"there is no run {name!r}", hint="`seedbed runs list` names those there are")
        return self.runs[name]

    @property
    def broken(self) -> dict[str, str]:
        """Why runs cannot be read, by name."""
        return {key: why for key, why in self.unreadable.items() if "." not in key}

    @property
    def names(self) -> list[str]:
        """All runs, the latest first, and those last whose records cannot be read."""
        return sorted({*self.runs, *self.broken}, key=self.rank)

    def rank(self, name: str) -> tuple[float, float, str]:
        """Where a run stands among all."""
        if name in self.broken:
            return 1, 0, name
        return 0, -self.runs[name].cell.value.create_time, name

    def describe(self, name: str) -> Run:
        """A run as the API shows it; one that cannot be shown as broken, alone. Raises NotFound."""
        if why := self.broken.get(name):
            return Run(name=name, broken=why)
        run = self.get(name)
        try:
            return run.describe(self.paused)
        except (ValueError, LookupError, SeedbedError) as error:
            log.exception("a run cannot be shown", run=name)
            return Run(name=name, broken=f"it cannot be shown: {error}")

    async def look_at(self, name: str) -> None:
        """Find out how far a run is that lies dormant."""
        run = self.runs.get(name)
        if run is None or not run.dormant:
            return
        await self._listener.caught_up.wait()
        for token, work in list(run.works.items()):
            if token not in run.previews:
                preview = await preview_leaf(work.state, work.cell.value.rounds)
                # Asked for meanwhile it has moved on.
                run.previews |= {token: preview} if self.get(name).dormant else {}

    async def cancel(self, name: str) -> ManagedRun:
        """Stop a run; what was paid for stays and is recalled when it is created again."""
        run = self.get(name)
        await self._listener.caught_up.wait()
        await self._stop_run(run)
        return run

    async def retry(self, run: ManagedRun, digests: dict[str, list[str]]) -> None:
        """Settle ended leaves anew, without what failed of these items, by leaf token. Raises Conflict."""
        async with run.lock:
            if not run.known.recipe.refill:
                hint = "retry in a run that may, and create this one again"
                raise Conflict(f"the run {run.name} asks no teacher (--no-refill)", hint=hint)
            if run.cell.value.state == RunState.RUN_STATE_CANCELLED:
                raise Conflict(f"the run {run.name} is cancelled", hint="create it again, then retry")
            paths = {target.leaf: target.path for target in run.targets()}
            for token in digests:
                if token not in run.leaves:
                    raise NotFound(f"the run {run.name} has no leaf {token}")
                # One that was forgotten cannot be settled anew.
                await self.snapshots.leaf(run.known.plan.snapshot, paths[token])
                if run.leaves[token].value.state != LeafState.LEAF_STATE_SEALED:
                    message = f"a leaf of the run {run.name} has not ended"
                    raise Conflict(message, hint="wait until it has, then retry")
            if run.tariff:
                await take_back(run, digests, self._entries)
            for token, names in digests.items():
                await self._entries.write(run.leaves[token], partial(settle_anew, names))
            if digests and not run.running:
                await self._entries.set_state(run.cell, RunState.RUN_STATE_RUNNING)
            run.note()

    async def mark_damaged(self, name: str, path: str, reason: str) -> None:
        """Have a leaf made again when its run is asked for again, as something of it is damaged."""
        run = self.get(name)
        async with run.lock:
            cell = next(run.leaves[target.leaf] for target in run.targets() if target.path == path)
            if cell.value.state != LeafState.LEAF_STATE_DAMAGED:
                await self._entries.write(cell, lambda entry: end_damaged(entry, reason))
            if run.cell.value.state == RunState.RUN_STATE_SUCCEEDED:
                await self._entries.set_state(run.cell, RunState.RUN_STATE_SHORT)
            run.note()

    async def reload(self, name: str) -> None:
        """Have a run as the bucket has it by now; where it has not ended it lies dormant."""
        self.runs.pop(name, None)
        for key in [key for key in self.unreadable if key.partition(".")[0] == name]:
            del self.unreadable[key]
        runs, unreadable = await load(self._entries, self._wake, name)
        self.unreadable.update(unreadable)
        for run in runs.values():
            run.dormant = run.running
            self.runs[name] = run

    async def _set_going(self, run: ManagedRun) -> None:
        await self._reopen_damaged(run)
        run.previews.clear()
        if run.dormant:
            run.dormant = False
            for work in run.works.values():
                self._tasks.spawn(work.resume())
        elif run.cell.value.state in (RunState.RUN_STATE_UNSPECIFIED, RunState.RUN_STATE_CANCELLED):
            for cell in run.leaves.values():
                if cell.value.state == LeafState.LEAF_STATE_CANCELLED:
                    await self._entries.write(cell, keep_deciding if run.tariff else begin_anew)
            await self._entries.set_state(run.cell, RunState.RUN_STATE_RUNNING)
        run.note()

    async def _reopen_damaged(self, run: ManagedRun) -> None:
        """Have leaves made again that ended damaged, or that the book lost track of though the run ended."""
        ended = run.cell.value.state in FINISHED
        lost = [t for t in run.targets() if is_lost(run.leaves[t.leaf].value.state, ended=ended)]
        if not lost:
            return
        if ended and run.tariff:
            # What they left over may have gone to others.
            await take_back(run, {target.leaf for target in lost}, self._entries)
        for target in lost:
            await self._entries.write(run.leaves[target.leaf], keep_deciding if run.tariff else begin_anew)
        if ended:
            await self._entries.set_state(run.cell, RunState.RUN_STATE_RUNNING)

    async def _stop_run(self, run: ManagedRun, superseded_by: str = "") -> None:
        await self.look_at(run.name)
        async with run.lock:
            if not run.running:
                raise Conflict(f"the run {run.name} has ended already")
            for work in list(run.works.values()):
                preview = run.previews.get(work.state.target.leaf)
                await work.cancel(preview.counts if preview else None)
            run.works.clear()
            run.previews.clear()
            run.dormant = False
            await self._entries.set_state(run.cell, RunState.RUN_STATE_CANCELLED, superseded_by)
            run.note()

    async def _load(self) -> None:
        runs, unreadable = await load(self._entries, self._wake)
        self.runs.update(runs)
        self.unreadable.update(unreadable)
        for name in self.broken:
            # Nobody can work on its items, and they would come back for ever.
            await self._bus.purge(WORK, f"seedbed.v1.work.*.*.{name}.>")
        for run in [run for run in self.runs.values() if run.running]:
            run.dormant = not self._resume
            if run.dormant:
                # Nobody shall be paid for it meanwhile; taken up again, it is published again.
                await self._bus.purge(WORK, f"seedbed.v1.work.*.*.{run.name}.>")
            await self._take_up(run)

    async def _clear(self, name: str) -> None:
        """Remove what stands under the name of a run that cannot be read, its leaves first."""
        await self._bus.purge(f"KV_{RUNS}", f"$KV.{RUNS}.{name}.>")
        await self._entries.remove(name)
        for key in [key for key in self.unreadable if key.partition(".")[0] == name]:
            del self.unreadable[key]

    async def _take_up(self, run: ManagedRun) -> None:
        for target in run.targets():
            if run.leaves[target.leaf].value.state == LeafState.LEAF_STATE_OPEN:
                try:
                    (await self._admission.work_on(run, target)).opened = True
                except Damaged as error:
                    await self._admission.end_damaged(run, target, error)
                except SeedbedError as error:
                    # Opened again by admission, with its patience.
                    log.warning("a leaf could not be taken up", leaf=target.path, error=error.message)
