from contextlib import asynccontextmanager

import grpc
import pytest

from seedbed.collector.spans import plain
from seedbed.kernel.rpc.channel import Access, open_channel
from seedbed.kernel.rpc.server import Server
from seedbed.kernel.telemetry.meters import Instrument
from seedbed.kernel.telemetry.setup import exporting
from tests.kernel import greeter
from tests.kernel.greeter import NAME, Greeter
from tests.kernel.telemetry.settings_of import settings
from tests.telemetry.listening import listening


@asynccontextmanager
async def talking(tokens=(), shown="", **values):
    """A server and a client of it, in a process that tells; what was told is complete once it is left."""
    async with listening() as heard, exporting(settings(otlp_endpoint=heard.url, **values), "small"):
        server = Server([NAME], reflect=True, tokens=tokens)
        greeter.register(server.grpc)
        port = await server.start("127.0.0.1:0")
        async with open_channel(f"127.0.0.1:{port}", Access(token=shown)) as channel:
            yield Greeter(channel), heard
        await server.stop(0)


def statuses(heard, name):
    metric = heard.last(name)
    found: dict[tuple[str, str, str | None], int] = {}
    for point in metric.histogram.data_points:
        told = plain(point.attributes)
        assert told["rpc.system.name"] == "grpc"
        key = (
            told["rpc.method"].rpartition("/")[2],
            told["rpc.response.status_code"],
            told.get("error.type"),
        )
        found[key] = found.get(key, 0) + point.count
    return found


async def test_a_call_is_counted_and_traced_on_both_sides():
    async with talking() as (client, heard):
        assert await client.greet(b"you", timeout=5) == b"hello you"
        assert [r async for r in client.repeat(b"you", timeout=5)] == [b"first", b"hello you"]
        assert await client.greet_all(iter([b"a"]), timeout=5) == b"hello a"
        assert [r async for r in client.echo(iter([b"a"]), timeout=5)] == [b"hello a"]
    expected = {(name, "OK", None): 1 for name in ("Greet", "Repeat", "GreetAll", "Echo")}
    assert statuses(heard, "rpc.server.call.duration") == expected
    assert statuses(heard, "rpc.client.call.duration") == expected
    by_id = {span.span: span for span in heard.spans}
    served = [span for span in heard.spans if span.parent]
    assert len(heard.spans) == 8
    assert len(served) == 4
    for span in served:
        caller = by_id[span.parent]
        assert (caller.trace, caller.name) == (span.trace, span.name)
        assert span.name.startswith(f"{NAME}/")


async def test_the_callers_fault_is_no_error_of_the_server():
    async with talking() as (client, heard):
        with pytest.raises(grpc.aio.AioRpcError):
            await client.greet(b"input", timeout=5)
        with pytest.raises(grpc.aio.AioRpcError):
            await client.greet(b"defect", timeout=5)
    served = statuses(heard, "rpc.server.call.duration")
    assert served == {("Greet", "INVALID_ARGUMENT", None): 1, ("Greet", "INTERNAL", "INTERNAL"): 1}
    made = statuses(heard, "rpc.client.call.duration")
    assert made == {
        ("Greet", "INVALID_ARGUMENT", "INVALID_ARGUMENT"): 1,
        ("Greet", "INTERNAL", "INTERNAL"): 1,
    }
    assert sorted(span.error for span in heard.spans if span.parent) == ["", "INTERNAL"]


async def test_a_call_without_its_token_is_counted_as_well():
    async with talking(tokens=["secret"], shown="wrong") as (client, heard):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await client.greet(b"you", timeout=5)
        assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert statuses(heard, "rpc.server.call.duration") == {("Greet", "UNAUTHENTICATED", None): 1}


async def test_what_is_not_chosen_leaves_no_span_but_is_counted():
    async with talking(trace_ratio=0) as (client, heard):
        await client.greet(b"you", timeout=5)
    assert heard.spans == []
    assert statuses(heard, "rpc.server.call.duration") == {("Greet", "OK", None): 1}


async def test_the_exemplar_of_a_bucket_leads_to_the_trace():
    async with talking() as (client, heard):
        await client.greet(b"you", timeout=5)
    [point] = heard.last("rpc.server.call.duration").histogram.data_points
    [exemplar] = point.exemplars
    traces = {span.trace for span in heard.spans}
    assert exemplar.trace_id.hex() in traces


async def test_switched_off_nothing_is_kept_and_nothing_stands_in_the_way():
    server = Server([NAME], reflect=True)
    greeter.register(server.grpc)
    port = await server.start("127.0.0.1:0")
    async with open_channel(f"127.0.0.1:{port}") as channel:
        before = [dict(instrument.series) for instrument in Instrument.every]
        await Greeter(channel).greet(b"you", timeout=5)
        assert [dict(instrument.series) for instrument in Instrument.every] == before
    await server.stop(0)


async def test_a_collector_that_is_away_holds_nobody_up():
    async with exporting(settings(otlp_endpoint="http://127.0.0.1:9"), "small"):
        pass
