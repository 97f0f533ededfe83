"""Works on jobs: items of one step, one at a time, each kept alive while it is in flight.

For work of minutes to hours that has no plan and leaves no record on the bus: what it came to is elsewhere. A
process that dies hands its item back by falling silent, and the next goes on from what is kept there.
"""

import asyncio
import contextlib
import time
from functools import partial

from nats.aio.msg import Msg

from seedbed.bus.v1.bus_pb2 import Item
from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.logs import bind, get_logger
from seedbed.kernel.settings import Settings
from seedbed.kernel.tasks import end_tasks
from seedbed.kernel.telemetry.context import current, of_item
from seedbed.kernel.telemetry.items import ActiveContext, Work, trace_queued
from seedbed.kernel.telemetry.spans import traced
from seedbed.kernel.work.crash_counter import MOST_DEATHS, CrashCounter
from seedbed.kernel.work.failure_counter import MOST_TRIES, FailureCounter, describe, is_elsewhere
from seedbed.kernel.work.items import read_item
from seedbed.kernel.work.lease import Ceded, Lease
from seedbed.kernel.work.pull_consumer import EXPIRES, PullConsumer

_AGAIN = 2.0
_LOOK = 0.5
_LAST_WORDS = 0.2
"""Seconds to say that an item is done, where its end was written down just before the word to stop came."""
log = get_logger(__name__)


class Again(Exception):
    """The item is to come again, after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class JobHandler:
    """Who does the work that a job worker takes from the queue."""

    counts_deaths = False
    """Whether an item under which so many processes died is given up."""

    async def work(self, item: Item, work: Work) -> None:
        """Do an item's work. Raises Again, Ceded; whatever else is raised counts against the item,
        unless it is a fault of an endpoint, the broker, the store or the machine.
        """
        raise NotImplementedError

    async def give_up(self, item: Item, reason: str) -> None:
        """Write down that the item has failed, and why."""
        raise NotImplementedError

    async def beat(self) -> None:
        """Called with each sign of life of the item in flight."""

    def save_progress(self) -> bool:
        """Bring what is in flight to where it can be gone on from; False: it may be cut off anywhere."""
        return False


class JobWorker:
    """Takes the items of one step, one at a time, and has them worked on: for jobs of minutes to hours."""

    def __init__(self, bus: Bus, step: str, handler: JobHandler, settings: Settings) -> None:
        self._bus = bus
        self._step = step
        self._handler = handler
        self._settings = settings
        # None: a request has ended.
        self._came: asyncio.Queue[Msg | None] = asyncio.Queue()
        on_change = partial(self._came.put_nowait, None)
        self._consumer = PullConsumer(bus, step, self._take, on_change, ack_wait=settings.ack_wait)
        self._loop: asyncio.Task[None] | None = None
        self._tries = FailureCounter()
        self._deaths = CrashCounter(bus)
        self._holding = False
        self._stopping = False
        self._last = 0.0

    async def start(self) -> None:
        """Subscribe and begin to take items, in a task of its own."""
        await self._bus.add_consumer(self._step, self._settings.ack_wait)
        await self._consumer.start()
        self._last = time.monotonic()
        self._loop = asyncio.create_task(self._run())

    async def stop(self, grace: float) -> None:
        """Take nothing more, give what is in flight `grace` seconds to save its progress, hand it back."""
        self._stopping = True
        with contextlib.suppress(Exception):
            await self._consumer.stop()
        if self._loop:
            if self._holding:
                await asyncio.wait(
                    {self._loop}, timeout=grace if self._handler.save_progress() else _LAST_WORDS
                )
            await end_tasks([self._loop])
        while not self._came.empty():
            if message := self._came.get_nowait():
                await _hand_back(message, 0)

    async def empty(self) -> None:
        """Wait until nothing has come for as long as what a dead process had in flight takes to come back."""
        patience = self._settings.ack_wait + EXPIRES
        while self._holding or time.monotonic() - self._last < patience:  # noqa: ASYNC110  time is what it waits for
            await asyncio.sleep(_LOOK)
        log.info("nothing is left to do", step=self._step)

    def _take(self, message: Msg, _: Lease) -> None:
        # Whose it is stands where the work is kept, not in its lease.
        self._came.put_nowait(message)

    async def _run(self) -> None:
        while not self._stopping:
            if self._came.empty() and not self._consumer.outstanding:
                await self._consumer.ask(1)
            if message := await self._next():
                self._holding = True
                try:
                    await self._hold(message)
                finally:
                    self._holding, self._last = False, time.monotonic()

    async def _next(self) -> Msg | None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK):
                return await self._came.get()
        return None

    async def _hold(self, message: Msg) -> None:
        item = read_item(message)
        if item is None:
            # Whoever queued it does so again, from what is on record.
            await message.term()
            return
        beating = asyncio.create_task(self._beat(message))
        try:
            with bind(item=item.digest[:12], step=item.step), Work(item, message) as work:
                await self._try(item, message, work)
        except asyncio.CancelledError:
            await _hand_back(message, 0)
            raise
        except Exception:
            # As where its end could not be written down.
            log.exception("handed back, tried again in a moment")
            await _hand_back(message, _AGAIN)
        finally:
            await end_tasks([beating])

    async def _try(self, item: Item, message: Msg, work: Work) -> None:
        try:
            if deaths := await self._bring(item, message, work):
                await self._give_up(item, message, f"given up after {deaths} processes ended under it")
            self._tries.forget(item.digest)
        except Again as again:
            await _hand_back(message, again.seconds)
        except Ceded:
            log.info("another has it")
        except Exception as error:
            if is_elsewhere(error):
                log.warning("handed back, tried again in a moment", why=str(error))
            elif self._tries.fail(item.digest):
                await self._give_up(item, message, f"given up after {MOST_TRIES} tries: {describe(error)}")
                return
            else:
                log.exception("it failed, and is tried again")
            await _hand_back(message, _AGAIN)

    async def _bring(self, item: Item, message: Msg, work: Work) -> int:
        """Have it worked on; the number of processes that died under it where these were too many."""
        if not self._handler.counts_deaths or message.metadata.num_delivered == 1:
            await self._handler.work(item, work)
            await message.ack()
            return 0
        deaths = await self._deaths.begin(item)
        try:
            if deaths < MOST_DEATHS:
                await self._handler.work(item, work)
                await message.ack()
                return 0
            return deaths
        finally:
            await self._deaths.survive(item, deaths)

    async def _give_up(self, item: Item, message: Msg, reason: str) -> None:
        log.error("item given up", reason=reason)
        await self._handler.give_up(item, reason)
        await message.ack()

    async def _beat(self, message: Msg) -> None:
        while True:
            with contextlib.suppress(Exception):
                await message.in_progress()
            await self._handler.beat()
            await asyncio.sleep(self._settings.heartbeat)


async def _hand_back(message: Msg, seconds: float) -> None:
    with contextlib.suppress(Exception):
        await message.nak(delay=seconds or None)


async def queue_job(bus: Bus, item: Item) -> bool:
    """Queue a job; False where it is queued already.

    Its trace links to what asked for it: a call, or the job before. It is recorded afterwards: asking again
    for what is queued already is no news.
    """
    asked, began = current.get(), time.time_ns()
    at = traced(of_item(item.run, item.digest))
    with ActiveContext(at):
        queued = await bus.publish_work(item)
    if queued:
        trace_queued(item, at, [asked] if asked else [], began)
    return queued
