"""The worker: takes items of its steps off the bus and brings each to its end, once.

The order is recall or run (under heartbeat) → create the record → publish what follows → acknowledge.
A crash between any two is harmless: the item comes again, and finds what was done already.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Mapping, Sequence
from functools import partial
from weakref import WeakValueDictionary

from google.protobuf.message import DecodeError
from nats.aio.msg import Msg

from seedbed.bus.v1.bus_pb2 import Item, Outcome
from seedbed.kernel.bus.streams import STEPS, Bus
from seedbed.kernel.errors import InputError, StoreError
from seedbed.kernel.logs import bind, get_logger
from seedbed.kernel.store.interface import Store
from seedbed.kernel.tasks import end_tasks
from seedbed.kernel.telemetry.items import Work, expect_dead_letters, following
from seedbed.kernel.work.failure_counter import MOST_TRIES, FailureCounter, describe, is_elsewhere
from seedbed.kernel.work.item_runner import AnyStep, ItemRunner
from seedbed.kernel.work.items import read_item, write_letter_of
from seedbed.kernel.work.lease import Ceded, Lease
from seedbed.kernel.work.memo import memo_key
from seedbed.kernel.work.plans import Plans
from seedbed.kernel.work.records import write_letter
from seedbed.kernel.work.scheduler import LocalPermits, Scheduler, Turn
from seedbed.kernel.work.step_runner import Model, StepRunner
from seedbed.pipeline.kinds import Role

OTHER_PLAN_DELAY = 10.0
STORE_DELAY = 1.0
TEACHERLESS_AT_ONCE = 2

log = get_logger(__name__)


class Worker:
    """Runs the steps of one process."""

    def __init__(
        self,
        bus: Bus,
        store: Store,
        plans: Plans,
        steps: Sequence[AnyStep],
        models: Mapping[str, Model],
        *,
        ack_wait: float,
        heartbeat: float,
    ) -> None:
        self._bus = bus
        self._plans = plans
        runner = StepRunner(store, models)
        self._maker = ItemRunner(bus, store, plans, runner)
        self._steps = {step.name: step for step in steps}
        self._models = models
        self._specs = {step.name: runner.spec(step) for step in steps}
        self._ack_wait = ack_wait
        self._heartbeat = heartbeat
        self._in_flight: dict[asyncio.Task[None], tuple[Msg, Turn]] = {}
        self._alone: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._loops: list[asyncio.Task[None]] = []
        self._schedulers: dict[Role | None, Scheduler] = {}
        self._waiting = False
        self._tries = FailureCounter()

    async def start(self) -> None:
        """Register the steps and begin to take items."""
        expect_dead_letters(self._steps)
        for step in self._steps.values():
            await self._register(step)
            await self._bus.add_consumer(step.name, self._ack_wait)
            scheduler = self._scheduler(step)
            await scheduler.add(
                self._bus, step.name, partial(self._take, step, scheduler), ack_wait=self._ack_wait
            )
        loops = [scheduler.run() for scheduler in self._schedulers.values()]
        self._loops = [asyncio.create_task(loop) for loop in [*loops, self._beat()]]
        for loop in self._loops:
            loop.add_done_callback(_insist)

    async def stop(self, grace: float) -> None:
        """Take and begin nothing more, finish what has begun within `grace` seconds, hand back the rest."""
        await end_tasks(self._loops)
        for scheduler in self._schedulers.values():
            await scheduler.stop()
        # Called now, it might be broken off by the end of the grace, and paid for again.
        await self._hand_back([task for task, (_, turn) in self._in_flight.items() if not turn.begun])
        if self._in_flight:
            beat = asyncio.create_task(self._beat())
            await asyncio.wait(self._in_flight, timeout=grace)
            beat.cancel()
        await self._hand_back(list(self._in_flight))

    async def _hand_back(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        await end_tasks(tasks)
        for task in tasks:
            if task.cancelled():
                message, _ = self._in_flight.pop(task)
                with contextlib.suppress(Exception):
                    await message.nak()

    def _scheduler(self, step: AnyStep) -> Scheduler:
        if step.role not in self._schedulers:
            permits = self._models[step.role].permits if step.role else LocalPermits(TEACHERLESS_AT_ONCE)
            self._schedulers[step.role] = Scheduler(permits)
        return self._schedulers[step.role]

    async def _register(self, step: AnyStep) -> None:
        bucket = await self._bus.bucket(STEPS)
        data = self._specs[step.name].SerializeToString(deterministic=True)
        await self._bus.persist(lambda: bucket.put(step.name, data))

    def _take(self, step: AnyStep, scheduler: Scheduler, message: Msg, lease: Lease) -> None:
        # Under heartbeat from here on: it may wait for its permit longer than the server waits for us.
        turn = Turn(scheduler, lease)
        task = asyncio.create_task(self._hold(step, message, turn))
        self._in_flight[task] = message, turn
        task.add_done_callback(self._let_go)

    def _let_go(self, task: asyncio.Task[None]) -> None:
        # Where it was cancelled, it is still to be handed back.
        if not task.cancelled():
            del self._in_flight[task]

    async def _hold(self, step: AnyStep, message: Msg, turn: Turn) -> None:
        item = read_item(message)
        if item is None:
            turn.end()
            await self._bus.publish_dead(write_letter_of(message.subject))
            await message.term()
            return
        try:
            # A broker that was away hands out again what is in flight: the second waits and finds it done.
            alone = self._alone.setdefault(memo_key(item), asyncio.Lock())
            context = bind(run=item.run, leaf=item.leaf, step=item.step, item=item.digest[:12])
            with context, Work(item, message) as work:
                async with alone:
                    await self._try(step, item, message, turn, work)
            self._tell("")
        except StoreError as error:
            self._tell(error.message)
            await message.nak(delay=STORE_DELAY)
        except Ceded:
            log.info("out of hand for too long: left to whoever has it now", item=message.subject)
        except Exception:
            # Neither acknowledged nor kept alive any more: it comes again after the wait.
            log.exception("item dropped, it will come again")
        finally:
            turn.end()

    def _tell(self, trouble: str) -> None:
        """Say why items wait, other than for their teachers; "" when they do not any more."""
        if self._waiting == bool(trouble):
            return
        self._waiting = bool(trouble)
        if trouble:
            log.warning("items wait", why=trouble)
        for model in self._models.values():
            model.permits.pause(trouble)

    async def _try(self, step: AnyStep, item: Item, message: Msg, turn: Turn, work: Work) -> None:
        """Handle an item; what nobody foresaw counts against it."""
        key = memo_key(item)
        try:
            await self._handle(step, item, message, turn, work)
        except (StoreError, Ceded):
            raise
        except Exception as error:
            if is_elsewhere(error):
                raise
            if not self._tries.fail(key):
                log.exception("it failed, and is tried again")
                await message.nak(delay=STORE_DELAY)
                return
            reason = f"given up after {MOST_TRIES} tries: {describe(error)}"
            log.exception("item given up", reason=reason)
            await self._give_up(item, message, reason)
        else:
            self._tries.forget(key)

    async def _give_up(self, item: Item, message: Msg, reason: str) -> None:
        if known := await self._plans.get(item.run):
            record = await self._maker.give_up(item, known, reason)
            await self._bus.publish_dead(write_letter(item, record, known))
        await message.ack()

    async def _handle(self, step: AnyStep, item: Item, message: Msg, turn: Turn, work: Work) -> None:
        try:
            known = await self._plans.get(item.run)
        except (InputError, DecodeError) as error:
            log.warning("the plan cannot be read; left for a worker that can", error=str(error))
            await message.nak(delay=OTHER_PLAN_DELAY)
            return
        if known is None or self._plans.is_closed(item.run, item.leaf):
            await message.ack()
            return
        if known.specs[item.step] != self._specs[item.step]:
            log.warning("the plan has another version of this step; left for a worker that has it")
            await message.nak(delay=OTHER_PLAN_DELAY)
            return
        found = await self._maker.bring(step, item, known, message, turn, work)
        if found is None:
            await message.ack()
            return
        record, children = found
        work.record_end(record)
        # Side by side: they go together, and are answered together.
        await asyncio.gather(*(self._announce(item, child) for child in children))
        if record.outcome in (Outcome.OUTCOME_MALFORMED, Outcome.OUTCOME_FAILED):
            await self._bus.publish_dead(write_letter(item, record, known))
        # Without waiting for an answer: an item whose acknowledgement is lost comes again and is found done.
        await message.ack()

    async def _announce(self, item: Item, child: Item) -> None:
        with following(item, child):
            await self._bus.publish_work(child)

    async def _beat(self) -> None:
        while True:
            began = time.monotonic()
            with contextlib.suppress(Exception):
                async with asyncio.timeout(self._heartbeat):
                    await self._keep()
            # Answered or not, the next is not late.
            await asyncio.sleep(max(0, began + self._heartbeat - time.monotonic()))

    async def _keep(self) -> None:
        """Extend the acknowledgement wait of items in flight; leases are renewed once the broker answered."""
        held = {message.reply: turn.lease for message, turn in self._in_flight.values()}
        kept = {reply: lease for reply, lease in held.items() if not lease.lapsed}
        now = time.monotonic()
        await self._bus.keep(list(kept))
        for lease in kept.values():
            lease.renew(now)


def _insist(loop: asyncio.Task[None]) -> None:
    """A loop that ends by itself is a defect: end the process, so that it is seen and started anew."""
    if not loop.cancelled() and (error := loop.exception()):
        log.critical("a loop of the worker ended", exc_info=error)
        os.kill(os.getpid(), signal.SIGTERM)
