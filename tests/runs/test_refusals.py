"""What the runs service refuses, and how it says so."""

from typing import Any, cast

import grpc
import grpc.aio
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from seedbed.runs.v1 import runs_service_pb2 as pb
from tests.runs.garden import refused, succeeded
from tests.runs.leaves import skill_leaf


def details_of(error):
    """ErrorInfo and the fields that are at fault."""
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    details = rpc_status.from_call(error).details
    assert details[0].Unpack(info)
    for detail in details[1:]:
        detail.Unpack(bad)
    return info, [violation.field for violation in bad.field_violations]


async def test_an_unknown_run_is_not_found(runs):
    stub, name = runs.stub, "r" + "0" * 16
    for call in (
        stub.GetRun(pb.GetRunRequest(run=name), timeout=9),
        stub.CancelRun(pb.CancelRunRequest(run=name), timeout=9),
        stub.GetDataset(pb.GetDatasetRequest(run=name), timeout=9),
        stub.Trace(pb.TraceRequest(candidate="c0", run=name), timeout=9),
        stub.ListDeadLetters(pb.ListDeadLettersRequest(run=name), timeout=9),
        stub.RetryDeadLetters(pb.RetryDeadLettersRequest(run=name), timeout=9),
        stub.DropDeadLetters(pb.DropDeadLettersRequest(run=name), timeout=9),
        stub.CompareRuns(pb.CompareRunsRequest(base=name, head=name), timeout=9).read(),
        stub.WatchRun(pb.WatchRunRequest(run=name), timeout=9).read(),
        stub.ListCandidates(pb.ListCandidatesRequest(run=name), timeout=9).read(),
        stub.ReadPart(pb.ReadPartRequest(run=name, part="0" * 64), timeout=9).read(),
    ):
        error = await refused(call)
        assert error.code() == grpc.StatusCode.NOT_FOUND
        assert name in error.details()
        info, _ = details_of(error)
        assert (info.reason, info.domain) == ("NOT_FOUND", "seedbed")
        assert "runs list" in info.metadata["hint"]


async def test_a_bad_request_names_the_field(runs):
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"recipe": "target: 0"}, "recipe.target"),
        ({"recipe": "{gates: {pair_score: 9}}"}, "recipe.gates.pair_score"),
        ({"recipe": "tagret: 3"}, "recipe.tagret"),
        ({"request_id": "once"}, "request_id"),
        ({}, "snapshot"),
        ({"snapshot": "../../etc"}, "snapshot"),
        ({"snapshot": ""}, "snapshot"),
    )
    for values, field in cases:
        request = pb.CreateRunRequest(**{"snapshot": "0" * 64, **values})
        error = await refused(runs.stub.CreateRun(request, timeout=9))
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
        info, fields = details_of(error)
        assert info.reason == "INVALID_INPUT"
        assert fields == [field]


async def test_a_request_id_that_is_one_is_taken(garden):
    snapshot = await garden.sow(skill_leaf())
    name = await garden.create(snapshot, target=1, request_id="5f0c4a5e-9d3f-4c7e-8e8e-1f6a2b3c4d5e")
    assert succeeded(await garden.watch(name))


async def test_globs_that_match_nothing(runs):
    request = pb.CreateRunRequest(snapshot=await runs.sow(skill_leaf()), leaves=["nothing"])
    error = await refused(runs.stub.CreateRun(request, timeout=9))
    assert details_of(error)[1] == ["leaves"]


async def test_no_page_has_a_negative_size(runs):
    for call in (
        runs.stub.ListRuns(pb.ListRunsRequest(page_size=-1), timeout=9),
        runs.stub.ListDeadLetters(pb.ListDeadLettersRequest(page_size=-1), timeout=9),
        runs.stub.ListRuns(pb.ListRunsRequest(page_token="?"), timeout=9),
    ):
        error = await refused(call)
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert details_of(error)[1][0] in ("page_size", "page_token")


async def test_nobody_ends_otherwise(garden):
    run = await garden.make(skill_leaf(), target=1)
    request = pb.ListCandidatesRequest(run=run.name, end=cast("Any", 9))
    error = await refused(garden.stub.ListCandidates(request, timeout=9).read())
    assert details_of(error)[1] == ["end"]
    error = await refused(garden.stub.Trace(pb.TraceRequest(), timeout=9))
    assert details_of(error)[1] == ["candidate"]


async def test_a_damaged_snapshot_is_refused(runs):
    snapshot = await runs.sow(skill_leaf())
    await runs.store.put(f"snapshots/{snapshot}", b"something else")
    error = await refused(runs.stub.CreateRun(pb.CreateRunRequest(snapshot=snapshot), timeout=20))
    assert error.code() == grpc.StatusCode.DATA_LOSS
    assert "damaged: snapshots/" in error.details()


async def test_steps_that_nobody_offers_are_named(runs, monkeypatch):
    monkeypatch.setattr("seedbed.runs.api.service.STEPS_PATIENCE", 0.25)
    snapshot = await runs.sow(skill_leaf())
    error = await refused(runs.stub.CreateRun(pb.CreateRunRequest(snapshot=snapshot), timeout=20))
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    assert "judge.instruction, judge.pair, skills.instruct, skills.respond" in error.details()


async def test_another_runs_part_is_not_found(garden):
    run = await garden.make(skill_leaf(), target=1)
    codes = grpc.StatusCode
    for part, code in (
        ("", codes.INVALID_ARGUMENT),
        ("0" * 64, codes.NOT_FOUND),
        ("../x", codes.INVALID_ARGUMENT),
    ):
        request = pb.ReadPartRequest(run=run.name, part=part)
        error = await refused(garden.stub.ReadPart(request, timeout=9).read())
        assert error.code() == code
