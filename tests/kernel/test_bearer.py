from typing import Any, cast

import grpc
import grpc.aio
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status
from pydantic import SecretStr

from seedbed.kernel.bearer import tokens_of
from seedbed.kernel.channel import OPEN, Access, open_channel
from seedbed.kernel.errors import InputError
from seedbed.kernel.server import Server
from seedbed.kernel.settings import Settings
from tests.kernel import greeter
from tests.kernel.greeter import NAME, Greeter

SETTINGS = Settings(api_token=SecretStr("new-token\nold-token"))


@pytest.fixture
async def where():
    server = Server([NAME], reflect=True, tokens=tokens_of(SETTINGS))
    greeter.register(server.grpc)
    port = await server.start("127.0.0.1:0")
    await server.announce()
    yield f"127.0.0.1:{port}"
    await server.stop(0)


async def several(*requests: bytes):
    for request in requests:
        yield request


async def read_all(call):
    return [response async for response in call]


def health_of(channel):
    stub: Any = health_pb2_grpc.HealthStub(channel)
    return stub.Check


def reflect(channel):
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
    return stub.ServerReflectionInfo(iter([request]), timeout=5)


@pytest.mark.parametrize("access", [Access.of(SETTINGS), Access(token="old-token")])
async def test_calls_of_every_kind_show_the_token(where, access):
    async with open_channel(where, access) as channel:
        client = Greeter(channel)
        assert await client.greet(b"a", timeout=5) == b"hello a"
        assert await client.greet_all(several(b"a", b"b"), timeout=5) == b"hello a hello b"
        assert await read_all(client.repeat(b"a", timeout=5)) == [b"first", b"hello a"]
        assert await read_all(client.echo(several(b"a"), timeout=5)) == [b"hello a"]


@pytest.mark.parametrize("access", [OPEN, Access(token="wrong"), Access(token="new-token old-token")])
@pytest.mark.parametrize("kind", ["greet", "greet_all", "repeat", "echo"])
async def test_without_it_every_kind_is_refused_with_a_reason(where, access, kind):
    streams = kind in ("greet_all", "echo")
    async with open_channel(where, access) as channel:
        call = getattr(Greeter(channel), kind)(several(b"a") if streams else b"a", timeout=5)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await (read_all(call) if kind in ("repeat", "echo") else call)
    assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
    info = error_details_pb2.ErrorInfo()
    rpc_status.from_call(cast("grpc.Call", caught.value)).details[0].Unpack(info)
    assert (info.domain, info.reason) == ("seedbed", "UNAUTHENTICATED")
    assert "SEEDBED_API_TOKEN" in info.metadata["hint"]
    assert "new-token" not in str(caught.value)


async def test_two_tokens_at_once_are_none(where):
    async with open_channel(where) as channel:
        both = [("authorization", "Bearer new-token"), ("authorization", "Bearer old-token")]
        with pytest.raises(grpc.aio.AioRpcError, match="token"):
            await Greeter(channel).greet(b"a", timeout=5, metadata=both)


async def test_health_is_open_and_reflection_is_not(where):
    async with open_channel(where) as channel:
        answer = await health_of(channel)(health_pb2.HealthCheckRequest(service=NAME), timeout=5)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await read_all(reflect(channel))
        assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
    async with open_channel(where, Access.of(SETTINGS)) as channel:
        assert await read_all(reflect(channel))


def test_a_token_that_no_header_can_carry_is_said_without_being_shown():
    with pytest.raises(InputError) as caught:
        tokens_of(Settings(api_token=SecretStr("비밀")))
    assert "비밀" not in f"{caught.value.message}{caught.value.violations}"


def test_a_token_is_not_in_what_access_looks_like():
    assert "new-token" not in repr(Access.of(SETTINGS))
