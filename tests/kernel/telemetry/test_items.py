"""Items in their traces: a real broker, a real worker, a real endpoint, and a collector that listens."""

from collections import Counter
from contextlib import asynccontextmanager

import pytest

from seedbed.collector.spans import plain
from seedbed.kernel.errors import StoreError
from seedbed.kernel.telemetry.context import of_item, of_leaf, span_of
from seedbed.kernel.telemetry.items import first
from seedbed.kernel.telemetry.setup import exporting
from tests.kernel.chain import LEAF, RUN, open_run, sow, working
from tests.kernel.looking import done, scored
from tests.kernel.telemetry.settings_of import settings
from tests.telemetry.listening import listening


@pytest.fixture
async def process(bus, nats_server, store, endpoint):
    endpoint.answer = scored
    await open_run(bus)
    async with working(nats_server.url, store, endpoint.url) as process:
        yield process


@asynccontextmanager
async def told(**values):
    """What is told in here; complete once it is left."""
    async with listening() as heard, exporting(settings(otlp_endpoint=heard.url, **values), "worker"):
        yield heard


async def work_on(bus, item, *, preparing=False):
    with first(item, preparing=preparing):
        await bus.publish_work(item)
    await done(bus)


def named(heard, beginning):
    return [span for span in heard.spans if span.name.startswith(beginning)]


def ids(context):
    return context.trace.hex(), context.span.hex()


async def test_what_follows_from_an_item_is_below_it_in_the_trace_of_its_name(process, bus, endpoint):
    item = sow("seed soil")
    async with told() as heard:
        await work_on(bus, item)
    assert {span.trace for span in heard.spans} == {ids(of_item(RUN, item.digest))[0]}
    assert Counter(span.name.split(".")[0].split(" ")[0] for span in heard.spans) == Counter(
        publish=1, process=3, chat=2
    )
    by_id = {span.span: span for span in heard.spans}
    [root] = named(heard, "publish ")
    assert (root.trace, root.span) == ids(of_item(RUN, item.digest))
    assert root.links == (ids(of_leaf(RUN, LEAF)),)
    for chat in named(heard, "chat "):
        weighed = by_id[chat.parent]
        sown = by_id[weighed.parent]
        assert (weighed.attributes["seedbed.step"], sown.attributes["seedbed.step"]) == (
            "test.weigh",
            "test.sow",
        )
        assert sown.parent == root.span
    # The endpoint is told, too, and may go on with it.
    told_of = {headers["traceparent"] for headers in endpoint.headers if "traceparent" in headers}
    assert told_of == {f"00-{chat.trace}-{chat.span}-01" for chat in named(heard, "chat ")}


async def test_what_was_not_chosen_is_in_no_trace_and_is_counted(process, bus, endpoint):
    async with told(trace_ratio=0) as heard:
        await work_on(bus, sow("seed soil"))
    assert heard.spans == []
    assert not any("traceparent" in headers for headers in endpoint.headers)
    counts = {
        plain(point.attributes)["messaging.destination.template"].split(".")[4]: point.count
        for point in heard.last("messaging.process.duration").histogram.data_points
    }
    assert counts == {"sow": 1, "weigh": 2}
    tokens = {
        plain(point.attributes)["gen_ai.token.type"]: point.count
        for point in heard.last("gen_ai.client.token.usage").histogram.data_points
    }
    assert tokens == {"input": 2, "output": 2}


async def test_an_item_that_comes_again_links_to_the_time_before(process, bus):
    item, times = sow("seed"), []

    async def fail_once():
        times.append(1)
        if len(times) == 1:
            raise StoreError("away")

    process.sow.hold = fail_once
    async with told() as heard:
        await work_on(bus, item)
    [failed, again] = sorted(named(heard, "process seedbed.v1.work.test.sow"), key=lambda span: span.start)
    trace = of_item(RUN, item.digest)
    assert (failed.trace, failed.span) == ids(span_of(trace, item.digest, "1"))
    assert (failed.error, failed.attributes["seedbed.item.delivery"]) == ("STORE_ERROR", 1)
    assert (again.trace, again.error, again.attributes["seedbed.item.delivery"]) == (failed.trace, "", 2)
    assert again.links == ((failed.trace, failed.span),)


async def test_where_a_leaf_fans_out_each_item_begins_a_trace_that_links_back(process, bus):
    item = sow("seed soil")
    async with told() as heard:
        await work_on(bus, item, preparing=True)
    [sown] = named(heard, "process seedbed.v1.work.test.sow")
    assert (sown.trace, sown.parent) == ids(of_leaf(RUN, LEAF))
    begun = named(heard, "publish ")
    assert len({sown.trace, *(span.trace for span in begun)}) == 3
    assert {span.links for span in begun} == {((sown.trace, sown.span),)}
    weighed = named(heard, "process seedbed.v1.work.test.weigh")
    assert {span.parent for span in weighed} == {span.span for span in begun}


async def test_a_recalled_item_says_so(process, bus):
    async with told() as heard:
        await work_on(bus, sow("seed"))
        await work_on(bus, sow("seed"))
    recalled = [span.attributes.get("seedbed.item.outcome") for span in named(heard, "process ")]
    assert recalled == ["done"] * len(recalled)


@pytest.mark.parametrize("wanted", [False, True])
async def test_prompts_and_replies_are_told_only_where_they_are_asked_for(process, bus, wanted):
    async with told(telemetry_content=wanted) as heard:
        await work_on(bus, sow("begonia"))
    [chat] = named(heard, "chat ")
    whole = repr(heard.spans)
    assert ("begonia" in whole) == wanted
    assert ("gen_ai.input.messages" in chat.attributes) == wanted
    assert ('"score"' in str(chat.attributes.get("gen_ai.output.messages", "")).replace("\\", "")) == wanted


async def test_an_item_given_up_is_counted(process, bus):
    async with told() as heard:
        await work_on(bus, sow("refused"))
    points = heard.last("seedbed.dead_letters").sum.data_points
    found = {plain(point.attributes)["seedbed.item.outcome"]: point.as_double for point in points}
    assert found["failed"] == 1
    failed = [span for span in named(heard, "chat ") if span.error]
    assert [span.error for span in failed] == ["REQUEST_REFUSED"]
