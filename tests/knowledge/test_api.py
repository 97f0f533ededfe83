"""The servicer on a real gRPC server, a store in a folder, and a runs service that notes what it is asked."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.longrunning.operations_pb2 import Operation
from google.rpc.error_details_pb2 import BadRequest
from grpc_status import rpc_status

from seedbed.bus.v1.bus_pb2 import RunState
from seedbed.kernel.errors import Conflict
from seedbed.kernel.rpc.channel import open_channel
from seedbed.kernel.rpc.server import Server
from seedbed.kernel.store.blobs import blob_key, put_blob
from seedbed.kernel.store.folder import FolderStore
from seedbed.knowledge.api import KnowledgeApi
from seedbed.knowledge.reader import Reader
from seedbed.knowledge.v1.knowledge_service_pb2 import GenerateRequest, PreviewChunksRequest
from seedbed.knowledge.v1.knowledge_service_pb2_grpc import (
    KnowledgeServiceStub,
    add_KnowledgeServiceServicer_to_server,
)
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
from seedbed.taxonomy.v1.leaf_pb2 import Document, Leaf, QuestionAndAnswer, SeedExample, Snapshot
from tests.knowledge.markdown import KOREAN

MAX_BYTES = 100_000

ID = "5f0c4a5e-9d3f-4c7e-8e8e-1f6a2b3c4d5e"


class Runs(RunsServiceServicer):
    """Notes what it is asked and answers with two samples, or refuses with an error."""

    def __init__(self):
        self.created = []
        self.listed = []
        self.error = None
        self.ended: dict[str, Any] = {"state": RunState.RUN_STATE_SUCCEEDED}

    async def CreateRun(self, request, context):  # noqa: N802
        self.created.append(request)
        if self.error:
            raise self.error
        operation = Operation(name="operations/r0123456789abcdef")
        operation.metadata.Pack(RunMetadata(run="r0123456789abcdef"))
        return operation

    async def ListCandidates(self, request, context):  # noqa: N802
        self.listed.append(request)
        for number in range(2):
            yield ListCandidatesResponse(candidate=Candidate(id=f"c{number}", end="accepted"))

    async def GetRun(self, request, context):  # noqa: N802
        return Run(name=request.run, **self.ended)

    def _unused(self, request, context):
        raise AssertionError("the knowledge service makes no such call")

    ListRuns = WatchRun = CancelRun = Trace = GetDataset = ReadPart = _unused
    ListDeadLetters = RetryDeadLetters = DropDeadLetters = CompareRuns = _unused


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def runs():
    return Runs()


@pytest.fixture
async def stub(store: FolderStore, runs) -> AsyncIterator[Any]:
    behind = Server(["seedbed.runs.v1.RunsService"], reflect=False)
    add_RunsServiceServicer_to_server(runs, behind.grpc)
    runs_channel = open_channel(f"127.0.0.1:{await behind.start('127.0.0.1:0')}")
    server = Server(["seedbed.knowledge.v1.KnowledgeService"], reflect=False)
    api = KnowledgeApi(store, Reader(), RunsServiceStub(runs_channel), MAX_BYTES)
    add_KnowledgeServiceServicer_to_server(api, server.grpc)
    channel = open_channel(f"127.0.0.1:{await server.start('127.0.0.1:0')}")
    yield KnowledgeServiceStub(channel)
    await channel.close()
    await runs_channel.close()
    await server.stop(0)
    await behind.stop(0)


def leaf(**more: Any) -> Leaf:
    pair = QuestionAndAnswer(question="정악은 무엇입니까?", answer="궁중의 음악입니다.")
    values = {
        "path": "knowledge/music/jeongak",
        "kind": "knowledge",
        "branch": "knowledge",
        "domain": "음악",
        "seeds": [SeedExample(context="정악은 궁중의 음악이다.", pairs=[pair])],
        "documents": [Document(path="jeongak.md", media_type="text/markdown")],
        **more,
    }
    return Leaf(**values)


def violations(error):
    found: dict[str, str] = {}
    for detail in rpc_status.from_call(error).details:
        if detail.Is(BadRequest.DESCRIPTOR):
            request = BadRequest()
            detail.Unpack(request)
            found |= {v.field: v.description for v in request.field_violations}
    return found


async def test_a_preview_shows_text_and_chunks_and_keeps_nothing(stub, store):
    request = PreviewChunksRequest(content=KOREAN.encode(), media_type="text/markdown", max_tokens=60)
    response = await stub.PreviewChunks(request, timeout=20)
    text = KOREAN[KOREAN.index("# 정악") :]
    assert response.text == text
    assert all(text[chunk.start : chunk.end] == chunk.text for chunk in response.chunks)
    assert len(response.chunks) > 3
    assert await store.keys("") == []


async def test_a_preview_without_a_budget_takes_the_recipe_s(stub):
    request = PreviewChunksRequest(content=b"word " * 1000, media_type="text/plain")
    assert len((await stub.PreviewChunks(request, timeout=20)).chunks) == 3


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (PreviewChunksRequest(content=b"x", media_type="image/png"), "media_type"),
        (PreviewChunksRequest(content=b"x", media_type="text/plain", max_tokens=3), "max_tokens"),
        (PreviewChunksRequest(content=b"x" * (MAX_BYTES + 1), media_type="text/plain"), "content"),
        (PreviewChunksRequest(content=b"%PDF-1.7", media_type="application/pdf"), "content"),
    ],
)
async def test_what_cannot_be_previewed_names_the_field(stub, request_, field):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.PreviewChunks(request_, timeout=20)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert list(violations(caught.value)) == [field]


async def test_generate_makes_a_run_of_the_leaf_and_streams_its_samples(stub, store, runs):
    request = GenerateRequest(leaf=leaf(), target=2, request_id=ID, documents=[KOREAN.encode()])
    call = stub.Generate(request, timeout=20)
    samples = [response.sample.id async for response in call]
    assert samples == ["c0", "c1"]
    assert dict(await call.initial_metadata())["seedbed-run"] == "r0123456789abcdef"
    assert (runs.created[0].target, runs.created[0].request_id) == (2, ID)
    assert (runs.listed[0].run, runs.listed[0].end, runs.listed[0].follow) == (
        "r0123456789abcdef",
        CandidateEnd.CANDIDATE_END_ACCEPTED,
        True,
    )
    snapshot = Snapshot.FromString(await store.get(f"snapshots/{runs.created[0].snapshot}"))
    document = snapshot.leaves[0].documents[0]
    assert await store.get(blob_key(document.blob)) == KOREAN.encode()
    assert document.size == len(KOREAN.encode())
    assert len(snapshot.leaves[0].digest) == 64


async def test_a_leaf_that_ends_short_says_why_at_the_end(stub, runs):
    request = GenerateRequest(leaf=leaf(), target=9, documents=[KOREAN.encode()])
    short = LeafProgress(reason="2 of 9 samples: all 4 draws are spent")
    for ended, reason in (
        ({"state": RunState.RUN_STATE_SHORT, "leaves": [short]}, short.reason),
        ({"state": RunState.RUN_STATE_CANCELLED}, "the run r0123456789abcdef was cancelled"),
    ):
        runs.ended = ended
        *samples, last = [response async for response in stub.Generate(request, timeout=20)]
        assert [response.reason for response in samples] == ["", ""]
        assert last.reason == reason
        assert not last.HasField("sample")


async def test_equal_requests_are_the_same_snapshot(stub, runs):
    for digest in ("", "whatever the caller says"):
        request = GenerateRequest(leaf=leaf(digest=digest), target=2, documents=[b"text"])
        assert [response async for response in stub.Generate(request, timeout=20)]
    assert runs.created[0].snapshot == runs.created[1].snapshot


async def test_documents_already_in_the_store_need_not_be_sent(stub, store):
    blob = await put_blob(store, b"text")
    document = Document(path="a.md", media_type="text/markdown", blob=blob)
    request = GenerateRequest(leaf=leaf(documents=[document]), target=2)
    assert len([response async for response in stub.Generate(request, timeout=20)]) == 2


@pytest.mark.parametrize(
    ("change", "documents", "fields"),
    [
        ({"kind": "freeform_skill"}, [b"x"], ["leaf.kind"]),
        ({"path": "../up"}, [b"x"], ["leaf.path"]),
        ({"seeds": []}, [b"x"], ["leaf.seeds"]),
        ({"seeds": [SeedExample()]}, [b"x"], ["leaf.seeds[0].context", "leaf.seeds[0].pairs"]),
        ({"documents": []}, [], ["leaf.documents"]),
        ({}, [b"x", b"y"], ["documents"]),
        ({}, [], ["leaf.documents[0].blob"]),
        (
            {"documents": [Document(path="a.png", media_type="image/png")]},
            [b"x"],
            ["leaf.documents[0].media_type"],
        ),
        (
            {"documents": [Document(path="a.md", media_type="text/plain", blob="00")]},
            [],
            ["leaf.documents[0].blob"],
        ),
        ({}, [b"x" * (MAX_BYTES + 1)], ["documents[0]"]),
    ],
)
async def test_what_cannot_be_generated_names_the_fields(stub, runs, change, documents, fields):
    request = GenerateRequest(leaf=leaf(**change), target=2, documents=documents)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for _ in stub.Generate(request, timeout=20):
            pass
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert list(violations(caught.value)) == fields
    assert runs.created == []


async def test_the_words_of_the_runs_service_reach_the_caller(stub, runs):
    runs.error = Conflict("no teacher is registered")
    with pytest.raises(grpc.aio.AioRpcError, match="no teacher is registered") as caught:
        async for _ in stub.Generate(GenerateRequest(leaf=leaf(), documents=[b"x"]), timeout=20):
            pass
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
