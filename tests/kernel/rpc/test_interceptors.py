"""Between gRPC and the servicers: with the contracts' own services, on a socket."""

# The contract names the methods.
# ruff: noqa: N802

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest

from seedbed.judge.v1.judge_service_pb2 import JudgeStreamRequest, JudgeStreamResponse
from seedbed.judge.v1.judge_service_pb2_grpc import add_JudgeServiceServicer_to_server
from seedbed.kernel.rpc import interceptors
from seedbed.kernel.rpc.channel import open_channel
from seedbed.kernel.rpc.server import Server
from seedbed.runs.v1 import runs_service_pb2 as pb
from seedbed.runs.v1.runs_service_pb2_grpc import RunsServiceStub, add_RunsServiceServicer_to_server
from tests.kernel.rpc.test_server import details, failure

RUN = "r" + "0" * 16
GET, WATCH = "/seedbed.runs.v1.RunsService/GetRun", "/seedbed.runs.v1.RunsService/WatchRun"


class Slow:
    """Answers nobody before `go` is set."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        """The methods that nobody calls here."""
        return None

    async def GetRun(self, request, context):
        self.asked += 1
        await self.go.wait()
        return pb.Run(name=request.run)

    async def WatchRun(self, request, context):
        self.asked += 1
        yield pb.WatchRunResponse(run=pb.Run(name=request.run))
        await self.go.wait()


class Echo:
    """Answers every request of a stream."""

    Judge = None

    async def JudgeStream(self, request_iterator, context):
        async for request in request_iterator:
            yield JudgeStreamResponse(id=request.id)


@pytest.fixture
async def slow():
    return Slow()


@pytest.fixture
async def channel(slow):
    server = Server([], reflect=False)
    echo: Any = Echo()
    add_RunsServiceServicer_to_server(slow, server.grpc)
    add_JudgeServiceServicer_to_server(echo, server.grpc)
    port = await server.start("127.0.0.1:0")
    async with open_channel(f"127.0.0.1:{port}", more=[("grpc.enable_retries", 0)]) as channel:
        yield channel
    slow.go.set()
    await server.stop(0)


@pytest.mark.parametrize("data", [b"\xff\xff", b"\x0a\x05abc", b"\x0a\x02\xff\xfe"])
async def test_bytes_that_are_no_request_are_the_callers_fault(channel, slow, data):
    error = await failure(channel.unary_unary(GET)(data, timeout=5))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert details(error)["ErrorInfo"].reason == "INVALID_INPUT"
    error = await failure(channel.unary_stream(WATCH)(data, timeout=5).read())
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert slow.asked == 0


async def test_bytes_that_are_none_end_a_stream_with_words(channel):
    call: Any = channel.stream_stream("/seedbed.judge.v1.JudgeService/JudgeStream")(timeout=5)
    good = JudgeStreamRequest(id="a").SerializeToString()
    await call.write(good)
    assert JudgeStreamResponse.FromString(await call.read()).id == "a"
    await call.write(b"\xff\xff")
    # What is still sent is read, so that the client has the words and no failure of its own.
    for _ in range(20):
        await call.write(good)
    await call.done_writing()
    error = await failure(call.read())
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert details(error)["ErrorInfo"].reason == "INVALID_INPUT"


async def test_a_request_out_of_bounds_never_reaches_a_servicer(channel, slow):
    stub: Any = RunsServiceStub(channel)
    for call in (
        stub.GetRun(pb.GetRunRequest(run="r" + "0" * 5000), timeout=5),
        stub.WatchRun(pb.WatchRunRequest(), timeout=5).read(),
    ):
        error = await failure(call)
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert details(error)["BadRequest"].field_violations[0].field == "run"
    assert slow.asked == 0


async def test_what_ends_at_its_deadline_says_so_in_words(channel):
    stub: Any = RunsServiceStub(channel)
    error = await failure(stub.GetRun(pb.GetRunRequest(run=RUN), timeout=2))
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert details(error)["ErrorInfo"].reason == "DEADLINE_EXCEEDED"
    watched = stub.WatchRun(pb.WatchRunRequest(run=RUN), timeout=2)
    assert (await watched.read()).run.name == RUN
    error = await failure(watched.read())
    assert details(error)["ErrorInfo"].reason == "DEADLINE_EXCEEDED"


async def test_beyond_so_many_at_once_calls_are_refused_and_later_ones_taken(channel, slow, monkeypatch):
    monkeypatch.setattr(interceptors, "AT_ONCE", 3)
    stub: Any = RunsServiceStub(channel)
    taken = [asyncio.ensure_future(stub.GetRun(pb.GetRunRequest(run=RUN), timeout=20)) for _ in range(3)]
    while slow.asked < 3:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    error = await failure(stub.GetRun(pb.GetRunRequest(run=RUN), timeout=5))
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert details(error)["ErrorInfo"].reason == "TOO_MANY_CALLS"
    slow.go.set()
    assert [(await call).name for call in taken] == [RUN] * 3
    assert (await stub.GetRun(pb.GetRunRequest(run=RUN), timeout=5)).name == RUN


async def test_a_method_that_is_not_there_is_told_with_its_reason(channel):
    for method in ("/seedbed.runs.v1.RunsService/Nothing", "/no.such.Service/Method"):
        error = await failure(channel.unary_unary(method)(b"", timeout=5))
        assert error.code() == grpc.StatusCode.UNIMPLEMENTED
        assert details(error)["ErrorInfo"].reason == "UNIMPLEMENTED"
