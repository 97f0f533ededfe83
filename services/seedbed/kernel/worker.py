"""The worker: takes items of its steps off the bus and brings each to its end, once.

The order is recall or run (under heartbeat) → create the record → publish what follows → acknowledge.
A crash between any two is harmless: the item comes again, and finds what was done already.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import nats.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from seedbed.bus.v1.bus_pb2 import (
    Announced,
    DeadLetter,
    Dropped,
    Item,
    Outcome,
    Record,
    StepSpec,
    Usage,
)
from seedbed.kernel.bus import STEPS, Bus
from seedbed.kernel.errors import ItemError, MalformedReply
from seedbed.kernel.logs import bind, get_logger
from seedbed.kernel.memo import Entry, Memo, memo_key, twin_key
from seedbed.kernel.permits import Permits
from seedbed.kernel.plans import KnownPlan, Plans
from seedbed.kernel.step import Following, Step, Work
from seedbed.kernel.store import Store
from seedbed.kernel.tasks import end_tasks
from seedbed.kernel.teacher import Teacher

AnyStep = Step[Any, Any]

MOST_DEATHS = 10
FETCH_TIMEOUT = 4.0
OTHER_PLAN_DELAY = 10.0
TEACHERLESS_AT_ONCE = 2

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Model:
    """A teacher with this process's part of its limit."""

    teacher: Teacher
    permits: Permits


class StepTools:
    """What a step may use while one item runs; keeps count of what it costs."""

    def __init__(
        self, step: AnyStep, spec: StepSpec, digest: str, store: Store, teacher: Teacher | None
    ) -> None:
        self.usage = Usage()
        self._step = step
        self._spec = spec
        self._digest = digest
        self._store = store
        self._teacher = teacher

    @property
    def store(self) -> Store:
        """The store."""
        return self._store

    async def ask(self, **values: Any) -> Any:
        """Render the step's prompt and return the parsed reply. Raises MalformedReply, Refused."""
        if self._teacher is None or self._step.prompt is None:
            raise ItemError(f"the step {self._step.name} has no teacher to ask")
        answer = await self._teacher.ask(
            self._step.prompt, values, self._spec.sampling, self._digest, self.usage
        )
        return answer.reply


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
        self._store = store
        self._memo = Memo(bus, store)
        self._plans = plans
        self._steps = {step.name: step for step in steps}
        self._models = models
        self._specs = {step.name: self._spec(step) for step in steps}
        self._ack_wait = ack_wait
        self._heartbeat = heartbeat
        self._in_hand: dict[int, Msg] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Register the steps and begin to take items."""
        for step in self._steps.values():
            await self._register(step)
            subscription = await self._bus.subscribe_step(step.name, self._ack_wait)
            self._loops.append(asyncio.create_task(self._take(step, subscription)))
        self._loops.append(asyncio.create_task(self._beat()))
        for loop in self._loops:
            loop.add_done_callback(_insist)

    async def stop(self, grace: float) -> None:
        """Take nothing more, finish what is in hand within `grace` seconds, hand back the rest."""
        await end_tasks(self._loops)
        if self._tasks:
            beat = asyncio.create_task(self._beat())
            await asyncio.wait(self._tasks, timeout=grace)
            beat.cancel()
        await end_tasks(self._tasks)
        for message in list(self._in_hand.values()):
            with contextlib.suppress(Exception):
                await message.nak()

    def _spec(self, step: AnyStep) -> StepSpec:
        model = self._models[step.role].teacher.endpoint.model if step.role else ""
        return step.spec(model)

    async def _register(self, step: AnyStep) -> None:
        bucket = await self._bus.bucket(STEPS)
        data = self._specs[step.name].SerializeToString(deterministic=True)
        await self._bus.persist(lambda: bucket.put(step.name, data))

    async def _take(self, step: AnyStep, subscription: JetStreamContext.PullSubscription) -> None:
        permits = self._models[step.role].permits if step.role else None
        slots = asyncio.Semaphore(TEACHERLESS_AT_ONCE)
        while True:
            message = await self._fetch(subscription)
            if message is None:
                if permits:
                    permits.expect(step.name, 0)
                continue
            # Under heartbeat from here on: it may wait for its permit longer than the server waits for us.
            self._in_hand[id(message)] = message
            if permits:
                permits.expect(step.name, message.metadata.num_pending)
            await (permits.acquire() if permits else slots.acquire())
            task = asyncio.create_task(self._hold(step, message, permits or slots))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _fetch(self, subscription: JetStreamContext.PullSubscription) -> Msg | None:
        try:
            # One at a time: larger batches stall for seconds in nats-py (upstream issues 934, 986).
            # Seconds, not more: a request dies silently with its server and is only made again after this.
            return (await subscription.fetch(1, timeout=FETCH_TIMEOUT))[0]
        except (TimeoutError, nats.errors.TimeoutError):
            return None
        except nats.errors.Error as error:
            log.warning("fetch failed", error=repr(error))
            await asyncio.sleep(0.2)
            return None

    async def _hold(self, step: AnyStep, message: Msg, permit: Permits | asyncio.Semaphore) -> None:
        try:
            item = Item.FromString(message.data)
            with bind(run=item.run, leaf=item.leaf, step=item.step, item=item.digest[:12]):
                await self._handle(step, item, message)
        except Exception:
            # Neither acknowledged nor kept alive any more: it comes again after the wait.
            log.exception("item dropped, it will come again")
        finally:
            permit.release()
        # Not reached when cancelled: what is in hand at the end is handed back.
        self._in_hand.pop(id(message), None)

    async def _handle(self, step: AnyStep, item: Item, message: Msg) -> None:
        known = await self._plans.get(item.run)
        if known is None or self._plans.is_closed(item.run, item.leaf):
            await self._acknowledge(message)
            return
        if known.specs[item.step] != self._specs[item.step]:
            log.warning("the plan has another version of this step; left for a worker that has it")
            await message.nak(delay=OTHER_PLAN_DELAY)
            return
        record, children = await self._bring_to_record(step, item, known, message)
        for child in children:
            await self._bus.publish_work(child)
        if record.outcome != Outcome.OUTCOME_DONE:
            await self._bus.publish_dead(_letter(item, record, known))
        await self._acknowledge(message)

    async def _bring_to_record(
        self, step: AnyStep, item: Item, known: KnownPlan, message: Msg
    ) -> tuple[Record, list[Item]]:
        """The record that stands in the memo in the end, and the items that follow from it."""
        key = memo_key(item)
        while True:
            entry = await self._memo.get(key)
            if entry and entry.record.followed and entry.record.candidate != item.candidate:
                # Another candidate asked the same: its result serves, what follows is this one's own.
                own = await self._memo.get(twin_key(item))
                entry, key = own or Entry(_recalled(entry.record), 0), twin_key(item)
            record = entry.record if entry else await self._run(step, item, known, message)
            following = _follow(step, item, record, known)
            children = [known.specs.make_item(item.run, item.leaf, item.draw, a) for a in following.announce]
            if record.followed:
                return record, children
            _make_own(record, item, following, children, recalled=entry is not None)
            if entry and entry.revision:
                done = await self._memo.update(key, record, entry.revision)
            else:
                done = await self._memo.create(key, record) is record
            if done:
                return record, children
            key = memo_key(item)

    async def _run(self, step: AnyStep, item: Item, known: KnownPlan, message: Msg) -> Record:
        teacher = self._models[step.role].teacher if step.role else None
        spec = known.specs[item.step]
        tools = StepTools(step, spec, item.digest, self._store, teacher)
        record = Record(step=item.step, digest=item.digest, spec=known.specs.digests[item.step])
        try:
            _check_deaths(message)
            result = await step.run(step.input_type.FromString(item.input), tools)
            record.result = result.SerializeToString(deterministic=True)
            record.outcome = Outcome.OUTCOME_DONE
        except ItemError as error:
            malformed = isinstance(error, MalformedReply)
            record.outcome = Outcome.OUTCOME_MALFORMED if malformed else Outcome.OUTCOME_FAILED
            record.reason = f"{error.message}; {error.hint}" if error.hint else error.message
            log.warning("item given up", outcome=Outcome.Name(record.outcome), reason=record.reason)
        record.usage.CopyFrom(tools.usage)
        return record

    async def _acknowledge(self, message: Msg) -> None:
        try:
            await message.ack_sync(timeout=5)
        except (TimeoutError, nats.errors.Error) as error:
            # It comes again, is found done, and is acknowledged then.
            log.warning("not acknowledged", error=repr(error))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat)
            for message in list(self._in_hand.values()):
                with contextlib.suppress(Exception):
                    await message.in_progress()


def _insist(loop: asyncio.Task[None]) -> None:
    """A loop that ends by itself is a defect: end the process, so that it is seen and started anew."""
    if not loop.cancelled() and (error := loop.exception()):
        log.critical("a loop of the worker ended", exc_info=error)
        os.kill(os.getpid(), signal.SIGTERM)


def _check_deaths(message: Msg) -> None:
    if message.metadata.num_delivered > MOST_DEATHS:
        raise ItemError(f"given up after {MOST_DEATHS} processes ended while they worked on it")


def _follow(step: AnyStep, item: Item, record: Record, known: KnownPlan) -> Following:
    if record.outcome != Outcome.OUTCOME_DONE:
        return Following()
    work = Work(
        digest=item.digest,
        input=step.input_type.FromString(item.input),
        result=step.result_type.FromString(record.result),
        candidate=item.candidate,
        draw=item.draw,
        then=item.then if item.HasField("then") else None,
    )
    return step.follow(work, known.recipe)


def _recalled(record: Record) -> Record:
    """The part of a record that may be recalled."""
    copy = Record()
    copy.CopyFrom(record)
    copy.followed = False
    return copy


def _make_own(
    record: Record, item: Item, following: Following, children: Sequence[Item], *, recalled: bool
) -> None:
    """Fill in the part of the record that is this run's own."""
    record.followed = True
    record.recalled = recalled
    record.draw = item.draw
    record.candidate = item.candidate
    del record.announced[:]
    del record.dropped[:]
    record.announced.extend(Announced(digest=c.digest, step=c.step, candidate=c.candidate) for c in children)
    record.dropped.extend(Dropped(candidate=d.candidate, end=d.end, reason=d.reason) for d in following.drop)


def _letter(item: Item, record: Record, known: KnownPlan) -> DeadLetter:
    path = next((leaf.path for leaf in known.plan.leaves if leaf.leaf == item.leaf), "")
    return DeadLetter(
        run=item.run,
        leaf=item.leaf,
        path=path,
        step=item.step,
        digest=item.digest,
        outcome=record.outcome,
        reason=record.reason,
        usage=record.usage,
        item=item.SerializeToString(),
    )
