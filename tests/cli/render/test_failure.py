import asyncio
import contextlib
import typing

import grpc
import grpc.aio
import pytest
from google.protobuf.any_pb2 import Any
from google.rpc import error_details_pb2, status_pb2

from seedbed.cli.render.failure import describe, exit_code, read_rpc_error
from seedbed.kernel.rpc.channel import OPEN, Access, open_channel
from seedbed.runs.v1.runs_service_pb2 import ListRunsRequest
from seedbed.runs.v1.runs_service_pb2_grpc import RunsServiceStub


def remote(code, message="no", *details):
    packed = []
    for detail in details:
        packed.append(Any())
        packed[-1].Pack(detail)
    status = status_pb2.Status(code=code.value[0], message=message, details=packed)
    trailing = grpc.aio.Metadata(("grpc-status-details-bin", status.SerializeToString()))
    error = grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing, details=message)
    return read_rpc_error(error, "127.0.0.1:7402")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, 2),
        (grpc.StatusCode.NOT_FOUND, 2),
        (grpc.StatusCode.FAILED_PRECONDITION, 1),
        (grpc.StatusCode.INTERNAL, 1),
    ],
)
def test_the_services_answer_tells_whose_fault_it_was(code, status):
    assert exit_code(remote(code)) == status


def test_what_a_service_sends_is_shown_whole():
    bad = error_details_pb2.BadRequest(
        field_violations=[{"field": "target", "description": "must be 1 or more"}]
    )
    info = error_details_pb2.ErrorInfo(reason="INVALID_INPUT", metadata={"hint": "give --target 1"})
    error = remote(grpc.StatusCode.INVALID_ARGUMENT, "the request is not valid", bad, info)
    assert describe(error).splitlines() == [
        "error: the request is not valid",
        "  target: must be 1 or more",
        "hint: give --target 1",
    ]


ANSWERED = error_details_pb2.ErrorInfo(reason="STORE_ERROR", domain="seedbed")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (grpc.StatusCode.UNAVAILABLE, "the store does not answer for seals/x: timed out"),
        (grpc.StatusCode.UNAVAILABLE, "no service has registered judge.pair"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "the run was not opened in 300 s"),
        (grpc.StatusCode.DATA_LOSS, "damaged: seals/x is missing"),
        (grpc.StatusCode.UNAUTHENTICATED, "this service takes calls with its token only"),
    ],
)
def test_what_a_service_says_is_its_word_alone_and_nothing_is_guessed(code, message):
    error = remote(code, message, ANSWERED)
    assert error.message == message
    assert "stack" not in error.hint


def test_an_internal_error_says_where_its_cause_is():
    error = remote(grpc.StatusCode.INTERNAL, "internal error; the service's log has the details", ANSWERED)
    assert "the log of the service at 127.0.0.1:7402" in error.hint


async def asked(where, access=OPEN, patience=3.0):
    """What is said of a place where no service of ours answers."""
    async with open_channel(where, access) as channel:
        stub: typing.Any = RunsServiceStub(channel)
        try:
            await stub.ListRuns(ListRunsRequest(), timeout=patience)
        except grpc.aio.AioRpcError as error:
            return read_rpc_error(error, where)
    raise AssertionError("it answered")


@contextlib.asynccontextmanager
async def listening(serve):
    served = set()

    async def take(reader, writer):
        served.add(typing.cast("asyncio.Task[None]", asyncio.current_task()))
        try:
            await serve(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await asyncio.gather(*served)


async def test_a_port_that_nobody_listens_at():
    error = await asked("127.0.0.1:9")
    assert error.message == "nothing listens at 127.0.0.1:9"
    assert "is the stack up?" in error.hint


async def test_a_name_that_nobody_knows():
    error = await asked("no.such.host.invalid:1", patience=20)
    assert "the name in no.such.host.invalid:1 cannot be resolved" in error.message
    assert "stack" not in error.hint


async def test_somebody_who_takes_calls_and_says_nothing():
    async def silent(reader, writer):
        while await reader.read(1000):
            pass

    async with listening(silent) as where:
        error = await asked(where, patience=0.5)
    assert "did not answer in time" in error.message
    assert "is the stack up" not in error.hint


async def test_somebody_who_hangs_up():
    async def rude(reader, writer):
        """Says nothing and goes."""

    async with listening(rude) as where:
        error = await asked(where)
    assert f"the connection to {where} broke off" in error.message
    assert "is the stack up" not in error.hint


async def test_a_web_server():
    async def web(reader, writer):
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with listening(web) as where:
        error = await asked(where)
    assert f"what listens at {where} is no gRPC service" in error.message


async def test_a_service_without_tls_and_another_service():
    server = grpc.aio.server()
    where = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        error = await asked(where, Access(grpc.ssl_channel_credentials()))
        assert f"no TLS can be made with {where}" in error.message
        assert "SEEDBED_TLS_CA" in error.hint
        error = await asked(where)
        assert f"what answers at {where} has no such call" in error.message
    finally:
        await server.stop(0)
