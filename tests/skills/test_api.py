from typing import Any

import grpc
import grpc.aio
import pytest
from google.longrunning.operations_pb2 import Operation
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from seedbed.bus.v1.bus_pb2 import RunState
from seedbed.kernel.errors import NotFound
from seedbed.kernel.rpc.channel import open_channel
from seedbed.kernel.rpc.server import Server
from seedbed.kernel.store.connect import open_store
from seedbed.runs.v1.candidate_pb2 import Candidate
from seedbed.runs.v1.runs_service_pb2 import (
    CandidateEnd,
    LeafProgress,
    ListCandidatesResponse,
    Run,
    RunMetadata,
)
from seedbed.runs.v1.runs_service_pb2_grpc import (
    RunsServiceServicer,
    RunsServiceStub,
    add_RunsServiceServicer_to_server,
)
from seedbed.skills.api import SkillsApi
from seedbed.skills.requests import make_snapshot
from seedbed.skills.v1.skills_service_pb2 import GenerateRequest
from seedbed.skills.v1.skills_service_pb2_grpc import SkillsServiceStub, add_SkillsServiceServicer_to_server
from seedbed.taxonomy.v1.leaf_pb2 import Snapshot
from tests.skills.leaves import make_leaf

ID = "5f0c4a5e-9d3f-4c7e-8e8e-1f6a2b3c4d5e"


class Runs(RunsServiceServicer):
    """The other side of the contract: a runs service whose one run is finished before it is asked for."""

    def __init__(self):
        self.created = []
        self.listed = []
        self.timeouts = []
        self.error = None
        self.ended: dict[str, Any] = {"state": RunState.RUN_STATE_SUCCEEDED}

    async def CreateRun(self, request, context):  # noqa: N802
        self.created.append(request)
        self.timeouts.append(context.time_remaining())
        if self.error:
            raise self.error
        operation = Operation(name="operations/r0123456789abcdef")
        operation.metadata.Pack(RunMetadata(run="r0123456789abcdef"))
        return operation

    async def ListCandidates(self, request, context):  # noqa: N802
        self.listed.append(request)
        for name in ("c1", "c2"):
            yield ListCandidatesResponse(candidate=Candidate(id=name, end="accepted"))

    async def GetRun(self, request, context):  # noqa: N802
        return Run(name=request.run, **self.ended)

    def _unused(self, request, context):
        raise AssertionError("the skills service makes no such call")

    ListRuns = WatchRun = CancelRun = Trace = GetDataset = ReadPart = _unused
    ListDeadLetters = RetryDeadLetters = DropDeadLetters = CompareRuns = _unused


@pytest.fixture
def runs():
    return Runs()


@pytest.fixture
async def store(file_store_url):
    return await open_store(file_store_url)


@pytest.fixture
async def skills(runs, store):
    runs_server, server = (Server([], reflect=False) for _ in range(2))
    add_RunsServiceServicer_to_server(runs, runs_server.grpc)
    async with open_channel(f"127.0.0.1:{await runs_server.start('127.0.0.1:0')}") as channel:
        add_SkillsServiceServicer_to_server(SkillsApi(store, RunsServiceStub(channel)), server.grpc)
        async with open_channel(f"127.0.0.1:{await server.start('127.0.0.1:0')}") as own:
            yield SkillsServiceStub(own)
        await server.stop(0)
    await runs_server.stop(0)


def reason_of(error):
    info = error_details_pb2.ErrorInfo()
    assert rpc_status.from_call(error).details[0].Unpack(info)
    return info.reason


async def test_a_leaf_becomes_a_run_and_its_samples_a_stream(skills, runs, store):
    call = skills.Generate(GenerateRequest(leaf=make_leaf(), target=7, request_id=ID), timeout=30)
    assert [found.sample.id async for found in call] == ["c1", "c2"]
    assert ("seedbed-run", "r0123456789abcdef") in tuple(await call.initial_metadata())
    created = runs.created[0]
    assert (created.target, created.request_id) == (7, ID)
    kept = Snapshot.FromString(await store.get(f"snapshots/{created.snapshot}"))
    assert kept == make_snapshot(make_leaf())
    listed = runs.listed[0]
    assert (listed.run, listed.end, listed.follow) == (
        "r0123456789abcdef",
        CandidateEnd.CANDIDATE_END_ACCEPTED,
        True,
    )


async def test_a_leaf_that_ends_short_says_why_at_the_end(skills, runs):
    short = LeafProgress(reason="2 of 9 samples: all 4 draws are spent")
    for ended, reason in (
        ({"state": RunState.RUN_STATE_SHORT, "leaves": [short]}, short.reason),
        ({"state": RunState.RUN_STATE_CANCELLED}, "the run r0123456789abcdef was cancelled"),
    ):
        runs.ended = ended
        call = skills.Generate(GenerateRequest(leaf=make_leaf(), target=9), timeout=30)
        *samples, last = [response async for response in call]
        assert [response.reason for response in samples] == ["", ""]
        assert last.reason == reason
        assert not last.HasField("sample")


async def test_the_deadline_goes_on_with_the_call(skills, runs):
    await skills.Generate(GenerateRequest(leaf=make_leaf()), timeout=9).read()
    assert 0 < runs.timeouts[0] < 10


async def test_a_bad_leaf_reaches_nobody(skills, runs, store):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await skills.Generate(GenerateRequest(leaf=make_leaf(kind="knowledge")), timeout=30).read()
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert not runs.created
    assert not await store.keys("snapshots/")


async def test_what_the_runs_service_says_is_passed_on(skills, runs):
    runs.error = NotFound("no such snapshot")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await skills.Generate(GenerateRequest(leaf=make_leaf()), timeout=30).read()
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    assert caught.value.details() == "no such snapshot"
    assert reason_of(caught.value) == "NOT_FOUND"
