"""Runs an item: brings it to its record, found or made, and says what follows from it.

It takes no item off the bus and acknowledges none: the worker does.
"""

from typing import Any

from nats.aio.msg import Msg

from seedbed.bus.v1.bus_pb2 import Item, Outcome, Record, Usage
from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.endpoint.endpoint_pool import PoolPermit
from seedbed.kernel.errors import Damaged, ItemError
from seedbed.kernel.logs import get_logger
from seedbed.kernel.store.interface import Store
from seedbed.kernel.telemetry.items import Work
from seedbed.kernel.work.crash_counter import MOST_DEATHS, CrashCounter
from seedbed.kernel.work.memo import Entry, Memo, memo_key, twin_key
from seedbed.kernel.work.plans import Plans
from seedbed.kernel.work.records import follow, make_own, recall
from seedbed.kernel.work.scheduler import Turn
from seedbed.kernel.work.step import Step
from seedbed.kernel.work.step_runner import StepRunner, give_up
from seedbed.pipeline.plan import KnownPlan
from seedbed.pipeline.recipe import NOT_FILLED_UP

AnyStep = Step[Any, Any]

LONG_WAIT = 0.5

log = get_logger(__name__)


class ItemRunner:
    """Makes records for the steps of one process."""

    def __init__(self, bus: Bus, store: Store, plans: Plans, runner: StepRunner) -> None:
        self._memo = Memo(bus, store)
        self._deaths = CrashCounter(bus)
        self._plans = plans
        self._runner = runner

    async def bring(
        self, step: AnyStep, item: Item, known: KnownPlan, message: Msg, turn: Turn, work: Work
    ) -> tuple[Record, list[Item]] | None:
        """The record that stands in the end, and what follows from it; None once the leaf is closed.

        None, too, where the record's result is damaged: `runs` finds it so as well, and ends the leaf.
        """
        try:
            return await self._bring(step, item, known, message, turn, work)
        except Damaged as error:
            log.warning("a record cannot be read; its leaf ends", error=error.message)
            return None

    async def _bring(
        self, step: AnyStep, item: Item, known: KnownPlan, message: Msg, turn: Turn, work: Work
    ) -> tuple[Record, list[Item]] | None:
        key = memo_key(item)
        while True:
            entry = await self._memo.get(key)
            if entry and entry.record.followed and entry.record.candidate != item.candidate:
                # Another candidate asked the same: its result serves, what follows is this one's own.
                own = await self._memo.get(twin_key(item))
                entry, key = own or Entry(recall(entry.record), 0), twin_key(item)
            if entry is None and self._plans.is_closed(item.run, item.leaf):
                # Closed and its records removed while the item was on its way: nothing is left to do.
                return None
            if entry is None:
                # The permit is kept until the record is there: what is paid and not recorded is in flight.
                async with turn.work() as permit:
                    work.record_wait(turn.waited)
                    if turn.waited > LONG_WAIT and await self._memo.get(key):
                        continue  # Handed out twice, as by a broker that died, and the other came first.
                    record = await self._run(step, item, known, message, permit)
                    children = follow(step, item, record, known, recalled=False)
                    written = await self._memo.create(key, record) is record
            else:
                record, written = entry.record, entry.record.followed
                children = follow(step, item, record, known, recalled=True)
                written = written or await self._memo.update(key, record, entry.revision)
            if written:
                return record, children
            key = memo_key(item)

    async def give_up(self, item: Item, known: KnownPlan, reason: str) -> Record:
        """Write down that an item has failed, unless it has a record that something followed from."""
        record = Record(step=item.step, digest=item.digest, spec=known.specs.digests[item.step])
        record.outcome, record.reason = Outcome.OUTCOME_FAILED, reason
        make_own(record, item)
        key = memo_key(item)
        entry = await self._memo.get(key)
        if entry and entry.record.followed and entry.record.candidate != item.candidate:
            key = twin_key(item)
            entry = await self._memo.get(key)
        if entry is None or not entry.record.followed:
            await self._memo.update(key, record, entry.revision if entry else 0)
        return record

    async def _run(
        self, step: AnyStep, item: Item, known: KnownPlan, message: Msg, permit: PoolPermit | None
    ) -> Record:
        record = Record(step=item.step, digest=item.digest, spec=known.specs.digests[item.step])
        if step.role and not known.recipe.refill:
            record.outcome, record.reason = Outcome.OUTCOME_SKIPPED, NOT_FILLED_UP
            return record
        record.usage.CopyFrom(Usage())
        try:
            await self._complete(record, step, item, known, message, permit)
        except Damaged as error:
            record.outcome, record.reason = Outcome.OUTCOME_DAMAGED, f"{error.message}; {error.hint}"
            log.warning("what the item needs is damaged; its leaf ends", reason=record.reason)
        record.repeats = message.metadata.num_delivered - 1 if step.role else 0
        return record

    async def _complete(
        self,
        record: Record,
        step: AnyStep,
        item: Item,
        known: KnownPlan,
        message: Msg,
        permit: PoolPermit | None,
    ) -> None:
        value, spec = step.input_type.FromString(item.input), known.specs[item.step]
        # Marks are for items that come again: nearly all come once.
        if message.metadata.num_delivered == 1:
            await self._runner.complete(record, step, value, spec, permit)
            return
        deaths = await self._deaths.begin(item)
        try:
            if deaths < MOST_DEATHS:
                await self._runner.complete(record, step, value, spec, permit)
            else:
                why = f"given up after {MOST_DEATHS} processes ended while they worked on it"
                give_up(record, ItemError(why))
        finally:
            await self._deaths.survive(item, deaths)
