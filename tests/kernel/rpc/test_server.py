import asyncio
import socket
import time
from typing import Any

import grpc
import grpc.aio
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from seedbed.kernel.errors import InputError
from seedbed.kernel.rpc.channel import MESSAGE_LIMIT, open_channel
from seedbed.kernel.rpc.server import Server
from seedbed.kernel.rpc.status import DOMAIN
from tests.kernel import greeter
from tests.kernel.greeter import NAME, Greeter

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture
async def server():
    server = Server([NAME], reflect=True)
    greeter.register(server.grpc)
    yield server
    await server.stop(0)


@pytest.fixture
async def channel(server):
    port = await server.start("127.0.0.1:0")
    async with open_channel(f"127.0.0.1:{port}") as channel:
        yield channel


@pytest.fixture
async def client(channel):
    return Greeter(channel)


async def failure(call) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


def details(error):
    status = rpc_status.from_call(error)
    found = {}
    for packed in status.details:
        kind = getattr(error_details_pb2, packed.type_url.rpartition(".")[2])
        detail = kind()
        packed.Unpack(detail)
        found[kind.__name__] = detail
    return found


async def test_what_goes_well_goes_through(client):
    assert await client.greet(b"you", timeout=5) == b"hello you"
    assert await client.greet_all(iter([b"a", b"b"]), timeout=5) == b"hello a hello b"
    assert [r async for r in client.repeat(b"you", timeout=5)] == [b"first", b"hello you"]
    assert [r async for r in client.echo(iter([b"a"]), timeout=5)] == [b"hello a"]


async def read_all(call):
    return [response async for response in call]


@pytest.mark.parametrize("kind", ["greet", "greet_all", "repeat", "echo"])
async def test_a_wrong_input_is_told_in_every_kind_of_call(client, kind):
    request = b"input" if kind in ("greet", "repeat") else iter([b"input"])
    call = getattr(client, kind)(request, timeout=5)
    error = await failure(call if kind in ("greet", "greet_all") else read_all(call))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert error.details() == "wrong"
    found = details(error)
    assert (found["ErrorInfo"].reason, found["ErrorInfo"].domain) == ("INVALID_INPUT", DOMAIN)
    assert found["ErrorInfo"].metadata == {"hint": "look there"}
    [violation] = found["BadRequest"].field_violations
    assert (violation.field, violation.description) == ("a.yaml:3:1", "no such key")


async def test_a_busy_endpoint_is_told_with_when_to_come_back(client, channel):
    # Retried by the channel as it may be; the last answer is the caller's.
    error = await failure(client.greet(b"busy", timeout=10))
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    found = details(error)
    assert found["ErrorInfo"].reason == "ENDPOINT_BUSY"
    assert found["RetryInfo"].retry_delay.ToMilliseconds() == 1500


async def test_messages_may_be_in_any_language(client):
    error = await failure(client.greet(b"missing", timeout=5))
    assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "no leaf 씨앗")
    assert set(details(error)) == {"ErrorInfo"}


async def test_a_defect_is_internal_and_keeps_its_words_to_itself(client, capfd):
    error = await failure(client.greet(b"defect", timeout=5))
    assert error.code() == grpc.StatusCode.INTERNAL
    assert "secret" not in f"{error.details()}{details(error)}"
    assert details(error)["ErrorInfo"].reason == "INTERNAL"


async def test_an_abort_by_hand_is_left_alone(client):
    error = await failure(client.greet(b"abort", timeout=5))
    assert (error.code(), error.details()) == (grpc.StatusCode.ABORTED, "by hand")


async def test_more_than_a_status_can_carry_is_cut(client):
    error = await failure(client.greet(b"long", timeout=5))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert error.details().startswith("틀렸다")
    assert error.details().endswith("…")
    found = details(error)["BadRequest"].field_violations
    assert found[0].description.startswith("틀렸다")
    assert found[-1].description == f"and {401 - len(found)} more"


async def test_a_call_past_its_deadline_is_cancelled_on_the_server(client):
    greeter.cancelled.clear()
    began = time.monotonic()
    error = await failure(client.greet(b"forever", timeout=0.2))
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - began < 10
    await asyncio.wait_for(greeter.cancelled.wait(), 5)


@pytest.mark.parametrize("service", ["", NAME])
async def test_health_says_when_it_is_ready_and_when_it_goes(server, channel, service):
    stub: Any = health_pb2_grpc.HealthStub(channel)
    request = health_pb2.HealthCheckRequest(service=service)
    assert (await stub.Check(request, timeout=5)).status == NOT_SERVING
    watched = stub.Watch(request, timeout=10)
    assert (await watched.read()).status == NOT_SERVING
    await server.announce()
    assert (await watched.read()).status == SERVING
    assert (await stub.Check(request, timeout=5)).status == SERVING
    stopping = asyncio.create_task(server.stop(0.2))
    assert (await watched.read()).status == NOT_SERVING
    await stopping


async def test_a_service_nobody_knows_has_no_health(channel):
    stub: Any = health_pb2_grpc.HealthStub(channel)
    error = await failure(stub.Check(health_pb2.HealthCheckRequest(service="other"), timeout=5))
    assert error.code() == grpc.StatusCode.NOT_FOUND


async def test_a_stop_lets_calls_finish(server, client):
    call = asyncio.ensure_future(client.greet(b"slow", timeout=5))
    await asyncio.sleep(0.1)
    await server.stop(5)
    assert await call == b"hello slow"


async def test_reflection_lists_the_services(channel):
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    async for response in stub.ServerReflectionInfo(iter([request]), timeout=5):
        names = {service.name for service in response.list_services_response.service}
        assert names == {NAME, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}


async def test_reflection_can_be_off():
    server = Server([NAME], reflect=False)
    port = await server.start("127.0.0.1:0")
    async with open_channel(f"127.0.0.1:{port}") as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)  # type: ignore[arg-type]
        # No request is sent: gRPC makes INTERNAL of one that comes after the refusal.
        error = await failure(read_all(stub.ServerReflectionInfo(timeout=5)))
    await server.stop(0)
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED


async def test_a_port_that_is_taken_is_said(server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1:{port}") as caught:
            await server.start(f"127.0.0.1:{port}")
    assert "SEEDBED_LISTEN" in caught.value.hint


async def test_a_message_has_a_limit_both_ways(client):
    error = await failure(client.greet(b"x" * (MESSAGE_LIMIT + 1), timeout=20))
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    # The answer is a little longer than the question.
    error = await failure(client.greet(b"x" * (MESSAGE_LIMIT - 2), timeout=20))
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
