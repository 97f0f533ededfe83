"""Jobs are queued once, and begin a trace that links to what asked for them."""

import asyncio

from nats.aio.msg import Msg

from seedbed.bus.v1.bus_pb2 import Item
from seedbed.collector.spans import plain
from seedbed.kernel.bus.streams import WORK, work_subject
from seedbed.kernel.telemetry.context import HEADER, of_item, of_run
from seedbed.kernel.telemetry.items import Within, Work
from seedbed.kernel.telemetry.setup import exporting
from seedbed.kernel.work.jobs import queue_job
from seedbed.kernel.work.pull_consumer import PullConsumer
from tests.kernel.telemetry.settings_of import settings
from tests.telemetry.listening import listening

JOB = Item(run="t1", leaf="kt1", step="trainer.phase", digest="ab" * 32)


async def header(bus):
    message = await bus.js.get_last_msg(WORK, work_subject(JOB))
    return (message.headers or {}).get(HEADER)


async def test_a_job_begins_a_trace_and_asking_for_it_again_is_no_news(bus):
    asked = of_run("r1")
    async with listening() as heard, exporting(settings(otlp_endpoint=heard.url), "trainer"):
        with Within(asked):
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
