from typing import Any, cast

import grpc
import grpc.aio
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status
from pydantic import SecretStr

from seedbed.kernel.errors import InputError
from seedbed.kernel.rpc.bearer_tokens import admin_tokens_of, is_destructive, tokens_of
from seedbed.kernel.rpc.channel import OPEN, Access, open_channel
from seedbed.kernel.rpc.server import Server
from seedbed.kernel.settings import Settings
from seedbed.runs.v1 import runs_service_pb2, store_service_pb2
from seedbed.taxonomy.v1 import taxonomy_service_pb2
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


def reflect(channel, *requests):
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
    return stub.ServerReflectionInfo(*requests, timeout=5)


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
    # A stream sends no request: gRPC makes INTERNAL of one that comes after the refusal.
    requests = [] if kind in ("greet_all", "echo") else [b"a"]
    async with open_channel(where, access) as channel:
        call = getattr(Greeter(channel), kind)(*requests, timeout=5)
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
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        assert await read_all(reflect(channel, iter([request])))


def test_a_token_that_no_header_can_carry_is_said_without_being_shown():
    with pytest.raises(InputError) as caught:
        tokens_of(Settings(api_token=SecretStr("비밀")))
    assert "비밀" not in f"{caught.value.message}{caught.value.violations}"


def test_a_token_is_not_in_what_access_looks_like():
    assert "new-token" not in repr(Access.of(SETTINGS))


GET, FORGET = "/seedbed.runs.v1.RunsService/GetRun", "/seedbed.runs.v1.StoreService/Forget"


def serve_bytes(server: Server) -> None:
    """Methods of a contract, without what is behind them."""

    async def answer(_request: bytes, _context: Any) -> bytes:
        return b""

    for method in (GET, FORGET):
        service, _, name = method.strip("/").partition("/")
        handlers: dict[str, Any] = {name: grpc.unary_unary_rpc_method_handler(answer)}
        server.grpc.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, handlers)])


async def code_of(settings: Settings, access: Access, method: str) -> str:
    """How a server with these tokens answers."""
    tokens, admins = tokens_of(settings), admin_tokens_of(settings)
    server = Server([], reflect=False, tokens=tokens, admin_tokens=admins)
    serve_bytes(server)
    port = await server.start("127.0.0.1:0")
    async with open_channel(f"127.0.0.1:{port}", access) as channel:
        call: Any = channel.unary_unary(method)(b"", timeout=5)  # type: ignore[arg-type]  # bytes as they are
        code = await call.code()
        details = [value for key, value in await call.trailing_metadata() if key == "grpc-status-details-bin"]
    await server.stop(0)
    if code == grpc.StatusCode.PERMISSION_DENIED:
        assert b"SEEDBED_ADMIN_TOKEN" in details[0]
    assert bool(details) == (code != grpc.StatusCode.OK)
    return str(code.name)


def settings_of(api: str, admin: str) -> Settings:
    return Settings(api_token=SecretStr(api), admin_token=SecretStr(admin))


@pytest.mark.parametrize(
    ("api", "admin", "shown", "get", "forget"),
    [
        ("caller", "owner", "owner", "OK", "OK"),
        ("caller", "old owner", "owner", "OK", "OK"),
        ("caller", "owner", "caller", "OK", "PERMISSION_DENIED"),
        ("caller", "owner", "stranger", "UNAUTHENTICATED", "UNAUTHENTICATED"),
        ("caller", "owner", "", "UNAUTHENTICATED", "UNAUTHENTICATED"),
        ("caller", "", "caller", "OK", "PERMISSION_DENIED"),
        ("one", "one", "one", "OK", "OK"),
        ("", "owner", "", "OK", "PERMISSION_DENIED"),
        ("", "owner", "owner", "OK", "OK"),
    ],
)
async def test_what_removes_takes_an_administrators_token(api, admin, shown, get, forget):
    settings, access = settings_of(api, admin), Access(token=shown)
    assert (await code_of(settings, access, GET), await code_of(settings, access, FORGET)) == (get, forget)


def test_an_administrators_token_is_the_one_that_is_shown():
    assert Access.of(settings_of("caller", "owner old")).token == "owner"
    assert Access.of(settings_of("caller", "")).token == "caller"


def test_contracts_say_which_methods_remove():
    files = (runs_service_pb2, store_service_pb2, taxonomy_service_pb2)
    services = [service for file in files for service in file.DESCRIPTOR.services_by_name.values()]
    found = {
        m.name
        for service in services
        for m in service.methods
        if is_destructive(f"/{service.full_name}/{m.name}")
    }
    assert found == {"Forget", "CollectGarbage", "Repair", "DropMirrors", "DropDeadLetters"}
    assert not is_destructive("/no.such.Service/Method")
