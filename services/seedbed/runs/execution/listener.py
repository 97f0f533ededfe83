"""The listener: follows the records and the endpoints' limits, and hands every record to its leaf."""

import asyncio
import time

from seedbed.bus.v1.bus_pb2 import LeafState, Outcome, Record
from seedbed.kernel.bus.streams import LIMITS, MEMO, Bus
from seedbed.kernel.endpoint.limits.allocation import LimitTable, pauses
from seedbed.kernel.endpoint.limits.permits import EXPIRY
from seedbed.kernel.errors import Damaged, StoreError
from seedbed.kernel.logs import get_logger
from seedbed.kernel.work.failure_counter import describe
from seedbed.kernel.work.memo import Memo
from seedbed.runs.domain.damage import words
from seedbed.runs.execution.background_tasks import PAUSE, Tasks
from seedbed.runs.execution.leaf_runner import LeafRunner
from seedbed.runs.execution.run import ManagedRun

log = get_logger(__name__)


class Listener:
    """Hears of everything that happens on the bus."""

    def __init__(self, runs: dict[str, ManagedRun], bus: Bus, memo: Memo, tasks: Tasks) -> None:
        self.caught_up = asyncio.Event()
        """Set once the records that were there at the start are taken in."""
        self.paused = ""
        """Why the endpoints are waiting; empty while they are not."""
        self._runs = runs
        self._bus = bus
        self._memo = memo
        self._tasks = tasks
        self._orphans: set[str] = set()

    async def follow_memo(self) -> None:
        """Take in every record; never ends. Begun anew it hears all again, which is harmless."""
        async for entry in self._bus.watch(MEMO):
            if entry is None:
                # All that was there is taken in, at the start and after every reconnect.
                self.caught_up.set()
                for run in [run for run in self._runs.values() if run.going]:
                    for work in run.works.values():
                        self._tasks.spawn(work.resume())
            elif entry.value:
                await self._take(entry.key, entry.value)

    async def follow_limits(self) -> None:
        """Keep up with why endpoints wait; never ends."""
        tables: dict[str, tuple[float, LimitTable]] = {}
        async for entry in self._bus.watch(LIMITS):
            if entry is not None and entry.value:
                now = time.monotonic()
                tables[entry.key] = now, LimitTable.from_json(entry.value)
                # A table that nobody writes any more is of an endpoint that nobody asks any more.
                fresh = [table for since, table in tables.values() if now - since < EXPIRY]
                self.paused = "; ".join(sorted(pauses(fresh)))

    async def drop_orphans(self) -> None:
        """Remove records written by workers that came back after their leaf had ended."""
        orphans, self._orphans = self._orphans, set()
        for place in orphans:
            name, _, token = place.partition(".")
            run = self._runs[name]
            # A cancelled leaf may be opened again, and keeps what was paid for until then.
            if token not in run.works and run.leaves[token].value.state == LeafState.LEAF_STATE_SEALED:
                await self._bus.purge(f"KV_{MEMO}", f"$KV.{MEMO}.{place}.>")

    async def _take(self, key: str, value: bytes) -> None:
        name, token, *_ = f"{key}.".split(".")
        run = self._runs.get(name)
        if run is None or token not in run.leaves:
            return
        work = run.works.get(token)
        if work is None:
            self._orphans.add(f"{name}.{token}")
            return
        try:
            record = await self._read(key, value)
        except Damaged as error:
            self._tasks.spawn(work.end_damaged(words(error)))
        else:
            if record.outcome == Outcome.OUTCOME_DAMAGED:
                self._tasks.spawn(work.end_damaged(record.reason))
            elif self._take_in(work, record):
                self._tasks.spawn(work.advance())
        run.note()

    def _take_in(self, work: LeafRunner, record: Record) -> bool:
        """Hand a record to its leaf; one that cannot take it ends, and no other hears of it."""
        try:
            return work.take(record)
        except Exception as error:
            log.exception("a record cannot be taken in; its leaf ends", record=record.digest)
            self._tasks.spawn(
                work.end_damaged(f"a record of {record.step} cannot be used: {describe(error)}")
            )
            return False

    async def _read(self, key: str, value: bytes) -> Record:
        while True:
            try:
                return await self._memo.read(value)
            except StoreError as error:
                log.warning("a record cannot be read; tried again", record=key, error=error.message)
                await asyncio.sleep(PAUSE)
