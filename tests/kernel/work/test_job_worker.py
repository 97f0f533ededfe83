import asyncio
import time
from contextlib import asynccontextmanager

import pytest
from nats.aio.msg import Msg

from seedbed.bus.v1.bus_pb2 import Item
from seedbed.collector.spans import plain
from seedbed.kernel.bus.streams import WORK, consumer_name, work_subject
from seedbed.kernel.errors import EndpointAway, StoreError
from seedbed.kernel.settings import Settings
from seedbed.kernel.telemetry.context import HEADER, of_item, of_run
from seedbed.kernel.telemetry.items import ActiveContext, Work
from seedbed.kernel.telemetry.setup import exporting
from seedbed.kernel.work.crash_counter import MOST_DEATHS, CrashCounter
from seedbed.kernel.work.failure_counter import MOST_TRIES
from seedbed.kernel.work.job_worker import Again, JobHandler, JobWorker, queue_job
from seedbed.kernel.work.lease import Ceded
from seedbed.kernel.work.pull_consumer import PullConsumer
from tests.kernel.looking import done
from tests.kernel.telemetry.settings_of import settings
from tests.kernel.waiting import until
from tests.telemetry.listening import listening

STEP = "test.long"
SETTINGS = Settings(ack_wait=1, heartbeat=0.2)


class Maker(JobHandler):
    """Works for a while, and notes what it began, what it ended, and how often it was told to give a sign."""

    def __init__(self, seconds=0.0, raises=(), *, gentle=False):
        self.seconds = seconds
        self.raises = list(raises)
        self.gentle = gentle
        self.begun, self.ended, self.beats = [], [], 0
        self._enough = asyncio.Event()

    async def work(self, item, work):
        self.begun.append(item.digest)
        if self.raises:
            raise self.raises.pop(0)
        async with asyncio.timeout(self.seconds + 1):
            while not self._enough.is_set() and (self.seconds > 0):
                self.seconds -= 0.05
                await asyncio.sleep(0.05)
        if self._enough.is_set():
            raise Again(0.1)
        self.ended.append(item.digest)

    async def beat(self):
        self.beats += 1

    def save_progress(self):
        self._enough.set()
        return self.gentle


@asynccontextmanager
async def at_work(bus, handler):
    job_worker = JobWorker(bus, STEP, handler, SETTINGS)
    await job_worker.start()
    try:
        yield job_worker
    finally:
        await job_worker.stop(grace=5)


async def queue(bus, *digests):
    for digest in digests:
        assert await bus.publish_work(Item(run="r", leaf="l", step=STEP, digest=digest))


async def test_items_are_worked_on_in_turn_and_kept_alive_for_longer_than_the_wait(bus):
    async with at_work(bus, Maker(seconds=2.5)) as job_worker:
        handler = job_worker._handler
        await queue(bus, "first", "second")
        await until(lambda: len(handler.ended) == 2, 10)
        assert handler.begun == handler.ended == ["first", "second"]
        assert handler.beats > 8
        await done(bus)


@pytest.mark.parametrize("raised", [Again(0.3), Ceded(), StoreError("on holiday"), RuntimeError("a slip")])
async def test_what_did_not_come_to_its_end_comes_again(bus, raised):
    async with at_work(bus, Maker(raises=[raised])) as job_worker:
        handler = job_worker._handler
        began = time.monotonic()
        await queue(bus, "one")
        await until(lambda: handler.ended == ["one"], 10)
        assert handler.begun == ["one", "one"]
        assert time.monotonic() - began > 0.25


@pytest.mark.parametrize("gentle", [True, False])
async def test_told_to_stop_it_hands_back_what_is_in_hand(bus, gentle):
    first, second = Maker(seconds=5, gentle=gentle), Maker()
    async with at_work(bus, first):
        await queue(bus, "one")
        await until(lambda: first.begun, 5)
        began = time.monotonic()
    assert time.monotonic() - began < 2
    assert first.ended == []
    async with at_work(bus, second):
        await until(lambda: second.ended == ["one"], 5)
    # Sooner than a dead process' item would come.
    assert time.monotonic() - began < 2


async def test_it_is_through_when_nothing_is_queued_and_nothing_will_come_back(bus):
    await bus.add_consumer(STEP, SETTINGS.ack_wait)
    await queue(bus, "held", "next")
    # A process that takes an item and dies.
    inbox = bus.client.new_inbox()
    taken = await bus.client.subscribe(inbox)
    await bus.client.publish(
        f"$JS.API.CONSUMER.MSG.NEXT.{WORK}.{consumer_name(STEP)}", b'{"batch":1,"expires":5000000000}', inbox
    )
    await taken.next_msg(5)
    async with at_work(bus, Maker(seconds=0.1)) as job_worker:
        await asyncio.wait_for(job_worker.empty(), 15)
        assert job_worker._handler.ended == ["next", "held"]
        await done(bus)


class Judged(Maker):
    """Notes what it was to give up."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.given_up = {}

    async def give_up(self, item, reason):
        self.given_up[item.digest] = reason


async def test_what_fails_each_time_is_given_up_with_its_reason_and_the_next_is_worked_on(bus):
    async with at_work(bus, Judged(raises=[ValueError("impossible")] * MOST_TRIES)) as job_worker:
        handler = job_worker._handler
        await queue(bus, "poisoned")
        await done(bus)
        await queue(bus, "good")
        await done(bus)
    assert handler.given_up == {"poisoned": f"given up after {MOST_TRIES} tries: ValueError: impossible"}
    assert handler.begun == ["poisoned"] * MOST_TRIES + ["good"]
    assert handler.ended == ["good"]


async def test_a_fault_of_store_or_endpoint_never_counts(bus):
    raised = [StoreError("away"), EndpointAway("away")] * MOST_TRIES
    async with at_work(bus, Judged(raises=raised)) as job_worker:
        await queue(bus, "one")
        await until(lambda: job_worker._handler.ended, 40)
        await done(bus)
    assert job_worker._handler.given_up == {}


OTHER = Item(run="other", leaf="l", step=STEP, digest="d").SerializeToString()


@pytest.mark.parametrize("data", [b"\xff\xff", b"", OTHER])
async def test_a_message_that_is_no_item_is_taken_off_the_queue_and_stops_nobody(bus, data):
    async with at_work(bus, Judged()) as job_worker:
        await bus.js.publish(f"seedbed.v1.work.{STEP}.r.l.broken", data)
        await queue(bus, "good")
        await until(lambda: job_worker._handler.ended == ["good"], 10)
        await done(bus)
    assert job_worker._handler.begun == ["good"]


async def test_an_item_under_which_processes_died_is_given_up(bus):
    handler = Judged()
    handler.counts_deaths = True
    deaths = CrashCounter(bus)
    item = Item(run="r", leaf="l", step=STEP, digest="deadly")
    for _ in range(MOST_DEATHS):
        await deaths.begin(item)
    handler.raises = [StoreError("once, so that it comes again")]
    async with at_work(bus, handler):
        await queue(bus, "deadly")
        await done(bus)
    assert handler.given_up == {"deadly": f"given up after {MOST_DEATHS} processes ended under it"}
    assert handler.ended == []


JOB = Item(run="t1", leaf="kt1", step="trainer.phase", digest="ab" * 32)


async def header(bus):
    message = await bus.js.get_last_msg(WORK, work_subject(JOB))
    return (message.headers or {}).get(HEADER)


async def test_a_job_begins_a_trace_and_asking_for_it_again_is_no_news(bus):
    asked = of_run("r1")
    async with listening() as heard, exporting(settings(otlp_endpoint=heard.url), "trainer"):
        with ActiveContext(asked):
            assert await queue_job(bus, JOB)
            assert not await queue_job(bus, JOB)
    begun = of_item("t1", JOB.digest)
    [queued] = heard.spans
    assert (queued.trace, queued.span, queued.parent) == (begun.trace.hex(), begun.span.hex(), "")
    assert queued.links == ((asked.trace.hex(), asked.span.hex()),)
    assert queued.attributes["seedbed.leaf"] == "kt1"
    assert await header(bus) == str(begun)


async def test_where_nothing_is_traced_a_job_is_not(bus):
    async with listening() as heard, exporting(settings(otlp_endpoint=heard.url, trace_ratio=0), "trainer"):
        assert await queue_job(bus, JOB)
    assert heard.spans == []
    assert await header(bus) is None


async def test_a_job_that_comes_again_says_how_it_ended_before_and_links_to_that(bus):
    came: asyncio.Queue[Msg] = asyncio.Queue()
    await bus.add_consumer(JOB.step, 30)
    consumer = PullConsumer(
        bus, JOB.step, lambda message, _: came.put_nowait(message), lambda: None, ack_wait=30
    )
    await consumer.start()
    async with listening() as heard, exporting(settings(otlp_endpoint=heard.url), "trainer"):
        await queue_job(bus, JOB)
        for fault in ("PHASE_CRASHED", ""):
            await consumer.ask(1)
            message = await came.get()
            with Work(JOB, message) as work:
                if fault:
                    work.fail(fault)
                    await message.nak()
                else:
                    await message.ack()
    queued, crashed, again = heard.spans
    assert (crashed.parent, crashed.error, crashed.links) == (queued.span, "PHASE_CRASHED", ())
    assert (again.parent, again.error, again.links) == (queued.span, "", ((crashed.trace, crashed.span),))
    points = heard.last("messaging.process.duration").histogram.data_points
    assert {plain(point.attributes).get("error.type", "") for point in points} == {"PHASE_CRASHED", ""}
    await consumer.stop()
