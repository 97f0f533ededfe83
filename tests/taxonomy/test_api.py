import asyncio
import contextlib
import uuid

import grpc
import grpc.aio
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.rpc.request_ids import RequestIds
from seedbed.kernel.rpc.server import Server
from seedbed.kernel.settings import Settings
from seedbed.kernel.store.connect import open_store
from seedbed.taxonomy.api import TaxonomyServicer
from seedbed.taxonomy.v1 import taxonomy_service_pb2 as pb
from seedbed.taxonomy.v1.taxonomy_service_pb2_grpc import (
    TaxonomyServiceStub,
    add_TaxonomyServiceServicer_to_server,
)
from tests.taxonomy.gardens import commit, garden, knowledge, plant, skill


@pytest.fixture
async def store(file_store_url):
    return await open_store(file_store_url)


@contextlib.asynccontextmanager
async def serve(bus, store, cache):
    """The service in this process, over gRPC."""
    server = Server(["seedbed.taxonomy.v1.TaxonomyService"], reflect=False)
    servicer = TaxonomyServicer(store, RequestIds(bus, "taxonomy"), cache, 50_000)
    add_TaxonomyServiceServicer_to_server(servicer, server.grpc)
    port = await server.start("127.0.0.1:0")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield TaxonomyServiceStub(channel)
    await server.stop(0)


@pytest.fixture
async def stub(bus, store, cache):
    async with serve(bus, store, cache) as stub:
        yield stub


def details(error):
    found = {}
    for each in rpc_status.from_call(error).details:
        for kind in (error_details_pb2.ErrorInfo, error_details_pb2.BadRequest):
            if each.Is(kind.DESCRIPTOR):
                found[kind.__name__] = kind.FromString(each.value)
    return found


async def test_import_keeps_the_taxonomy_and_lists_it(stub, store, tmp_path):
    root = garden(tmp_path / "tree")
    commit(root)
    imported = await stub.Import(pb.ImportRequest(source=str(root)))
    assert len(imported.snapshot) == 64
    assert await store.exists(f"snapshots/{imported.snapshot}")
    assert [leaf.documents for leaf in imported.leaves] == [0, 0, 1]
    listed, token = [], ""
    while True:
        request = pb.ListLeavesRequest(snapshot=imported.snapshot, page_size=2, page_token=token)
        page = await stub.ListLeaves(request)
        listed += page.leaves
        if not (token := page.next_page_token):
            break
    assert [leaf.digest for leaf in listed] == [leaf.digest for leaf in imported.leaves]
    coverage = await stub.GetCoverage(pb.GetCoverageRequest(snapshot=imported.snapshot))
    assert [(each.path, each.leaves) for each in coverage.branches][:2] == [
        ("compositional_skills", 1),
        ("foundational_skills", 1),
    ]


async def test_a_part_of_a_taxonomy_may_be_imported_though_the_rest_is_broken(stub, tmp_path):
    root = plant(garden(tmp_path / "tree"), {"knowledge/bad/qna.yaml": "a: b: c\n"})
    imported = await stub.Import(pb.ImportRequest(source=str(root), leaves=["*/sums"]))
    assert [leaf.path for leaf in imported.leaves] == ["compositional_skills/sums"]


async def test_errors_refuse_the_import_with_every_place_and_leave_nothing(stub, store, tmp_path):
    large = {"patterns": ["large.md"]}
    root = plant(
        garden(tmp_path / "tree"),
        {
            "compositional_skills/sums/qna.yaml": skill(3),
            "knowledge/bad/qna.yaml": knowledge(large),
            "knowledge/bad/large.md": b"x" * 50_000,
        },
    )
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.Import(pb.ImportRequest(source=str(root)))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == "the taxonomy has 2 errors in 2 files"
    found = details(caught.value)
    assert found["ErrorInfo"].reason == "INVALID_INPUT"
    violations = [(v.field, v.description) for v in found["BadRequest"].field_violations]
    assert violations[0] == (
        "compositional_skills/sums/qna.yaml:4:1",
        "the leaf has 3 seed examples, needs at least 5",
    )
    assert "has 50,000 bytes" in violations[1][1]
    assert await store.keys("") == []


async def test_equal_requests_have_one_answer(stub, tmp_path):
    root = garden(tmp_path / "tree")
    request = pb.ImportRequest(source=str(root), request_id=str(uuid.uuid4()))
    first = await stub.Import(request)
    plant(root, {"compositional_skills/new/qna.yaml": skill(7)})
    assert await stub.Import(request) == first
    anew = await stub.Import(pb.ImportRequest(source=str(root), request_id=str(uuid.uuid4())))
    assert anew.snapshot != first.snapshot
    request.source = "elsewhere"
    with pytest.raises(grpc.aio.AioRpcError, match="one request id") as refused:
        await stub.Import(request)
    found = details(refused.value)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert found["ErrorInfo"].reason == "INVALID_INPUT"
    assert [violation.field for violation in found["BadRequest"].field_violations] == ["request_id"]
    with pytest.raises(grpc.aio.AioRpcError, match="request_id must be of the form"):
        await stub.Import(pb.ImportRequest(source=str(root), request_id="1"))


async def test_equal_requests_have_one_answer_from_all_replicas_and_after_a_restart(
    bus, nats_url, store, tmp_path
):
    root = garden(tmp_path / "tree")
    request = pb.ImportRequest(source=str(root), request_id=str(uuid.uuid4()))
    other = await Bus.connect(Settings(nats_url=nats_url), "other")
    async with serve(bus, store, tmp_path / "a") as one, serve(other, store, tmp_path / "b") as two:
        first, second = await asyncio.gather(*(stub.Import(request) for stub in (one, two)))
    assert first == second
    plant(root, {"compositional_skills/new/qna.yaml": skill(7)})
    async with serve(other, store, tmp_path / "c") as stub:
        assert await stub.Import(request) == first
    await other.close()


async def test_what_was_imported_and_removed_since_is_imported_anew(stub, store, tmp_path):
    root = garden(tmp_path / "tree")
    request = pb.ImportRequest(source=str(root), request_id=str(uuid.uuid4()))
    first = await stub.Import(request)
    await store.delete(f"snapshots/{first.snapshot}")
    assert await stub.Import(request) == first
    assert await store.exists(f"snapshots/{first.snapshot}")


async def test_lint_and_diff(stub, tmp_path):
    root = garden(tmp_path / "tree")
    commit(root)
    plant(root, {"compositional_skills/sums/qna.yaml": skill(3)})
    linted = await stub.Lint(pb.LintRequest(source=str(root)))
    assert [(f.file, f.rule) for f in linted.findings] == [("compositional_skills/sums/qna.yaml", "too-few")]
    assert linted.files == 3
    differing = await stub.Diff(pb.DiffRequest(source=str(root), base="HEAD"))
    assert [change.path for change in differing.changes] == ["compositional_skills/sums"]


async def test_what_is_not_there(stub):
    for call, code in (
        (stub.Import(pb.ImportRequest(source="/nowhere")), "INVALID_ARGUMENT"),
        (stub.Lint(pb.LintRequest(source="")), "INVALID_ARGUMENT"),
        (stub.ListLeaves(pb.ListLeavesRequest(snapshot="x")), "INVALID_ARGUMENT"),
        (stub.ListLeaves(pb.ListLeavesRequest(snapshot="0" * 64)), "NOT_FOUND"),
        (stub.GetCoverage(pb.GetCoverageRequest(snapshot="0" * 64)), "NOT_FOUND"),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert caught.value.code().name == code
        assert "ErrorInfo" in details(caught.value)
