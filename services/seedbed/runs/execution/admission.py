"""Admission: opens leaves and publishes work while few enough items are open, and revives what lies still.

Back-pressure is here only: what follows from work already admitted is never refused.
"""

import asyncio
import contextlib
import time

from seedbed.bus.v1.bus_pb2 import LeafTarget
from seedbed.kernel.errors import Damaged, Forgotten, NotFound, SeedbedError
from seedbed.kernel.logs import get_logger
from seedbed.kernel.work.failure_counter import describe
from seedbed.runs.domain.damage import end_damaged, words
from seedbed.runs.execution.background_tasks import Tasks
from seedbed.runs.execution.leaf_runner import MOST_PATIENCE, Effects, LeafRunner
from seedbed.runs.execution.rebalance import rebalance
from seedbed.runs.execution.run import ManagedRun
from seedbed.runs.storage.leaf_records import AT_ONCE
from seedbed.runs.storage.snapshots import Snapshots

AHEAD = 2
"""Leaves are opened until this many times a run's share is in flight or in sight."""
LOOK = 2.0
RETRY = 1.0

log = get_logger(__name__)


class Admission:
    """Opens the leaves of all runs and publishes their items, sharing what may be open among the runs."""

    def __init__(
        self,
        runs: dict[str, ManagedRun],
        effects: Effects,
        snapshots: Snapshots,
        capacity: int,
        wake: asyncio.Event,
        tasks: Tasks,
    ) -> None:
        self._runs = runs
        self._effects = effects
        self._snapshots = snapshots
        self._capacity = capacity
        self._wake = wake
        self._tasks = tasks

    async def admit(self) -> None:
        """Fill every run up to its share, whenever something has changed; never ends."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY):
                    await self._wake.wait()
            self._wake.clear()
            for run in [run for run in self._runs.values() if run.going]:
                if time.monotonic() >= run.resting_until:
                    await self._try_fill(run)
            await asyncio.sleep(0.01)

    async def watch_over(self) -> None:
        """Take up again what failed or fell silent; never ends."""
        while True:
            await asyncio.sleep(LOOK)
            now = time.monotonic()
            for run in [run for run in self._runs.values() if run.going]:
                for work in run.works.values():
                    if not work.ready:
                        self._tasks.spawn(work.resume())
                    elif work.state.is_due() and not work.parked:
                        self._tasks.spawn(work.advance())
                    elif (work.in_flight or work.state.begun) and now - work.last_news > work.patience:
                        # Soon at first: a worker lets go of an item whose leaf it knows as cancelled still.
                        work.patience = min(2 * work.patience, MOST_PATIENCE)
                        self._tasks.spawn(work.publish_again())

    async def work_on(self, run: ManagedRun, target: LeafTarget) -> LeafRunner:
        """Have a leaf of a run at hand. Raises Damaged, Forgotten, StoreError."""
        snapshot = run.known.plan.snapshot
        try:
            leaf = await self._snapshots.leaf(snapshot, target.path)
        except Forgotten:
            raise
        except NotFound as error:
            hint = "import the taxonomy again"
            raise Damaged(f"snapshots/{snapshot}", f"is missing, or its {target.path}", hint=hint) from error
        work = LeafRunner(run.known, target, leaf, run.leaves[target.leaf], self._effects, run.note)
        work.state.budget = run.budget_of(target, leaf)
        run.works[target.leaf] = work
        return work

    async def _try_fill(self, run: ManagedRun) -> None:
        try:
            await self._fill(run)
        except SeedbedError as error:
            log.warning("a leaf could not be opened; tried again", run=run.name, error=error.message)
            run.trouble, run.resting_until = error.message, time.monotonic() + RETRY
        except Exception as error:
            # Its leaf counts them, and ends; no other run waits for it.
            log.exception("a leaf could not be opened; tried again", run=run.name)
            run.trouble, run.resting_until = describe(error), time.monotonic() + RETRY
        else:
            run.trouble = ""

    async def _fill(self, run: ManagedRun) -> None:
        """Publish what waits, while the run has fewer open items than its share, and open leaves ahead of it.

        No more leaves than it takes: each has its records on the bus and its questions in memory.
        """
        share = self._capacity // max(1, sum(other.going for other in self._runs.values()))
        run.drop_ended()
        while run.going:
            capacity = share - run.in_flight
            waiting = [work for work in run.works.values() if work.state.waiting]
            if capacity > 0 and waiting:
                # Side by side: one after the other, workers would wait between a few items of each leaf.
                most = min(AT_ONCE, max(1, capacity // len(waiting)))
                await asyncio.gather(*(work.publish(most) for work in waiting))
            elif run.in_flight + run.outlook < AHEAD * share and (target := run.next_waiting()):
                await self._open(run, target)
            else:
                break
            run.drop_ended()
        for work in await rebalance(run, self._effects.entries):
            self._tasks.spawn(work.advance())
        async with run.lock:
            if run.going and not run.works and run.next_waiting() is None:
                await self._effects.entries.set_state(run.cell, run.end_state())
                run.note()

    async def _open(self, run: ManagedRun, target: LeafTarget) -> None:
        async with run.lock:
            if not run.going:
                return
            try:
                work = await self.work_on(run, target)
                await work.open()
            except Damaged as error:
                await self.end_damaged(run, target, error)
                return
            except BaseException:
                # Not begun: opened again later, from what the bus and the seals hold then.
                run.works.pop(target.leaf, None)
                raise
        await work.resume()

    async def end_damaged(self, run: ManagedRun, target: LeafTarget, error: Damaged) -> None:
        """End a leaf that cannot be opened, as something that it rests on is damaged."""
        if work := run.works.pop(target.leaf, None):
            await work.end_damaged(words(error))
            return
        cell = run.leaves[target.leaf]
        await self._effects.entries.write(cell, lambda entry: end_damaged(entry, words(error)))
        log.error("leaf ended", leaf=target.path, reason=words(error))
        run.note()
