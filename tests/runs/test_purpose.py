"""Runs that evaluations have made for their questions are told apart from those that people asked for."""

from types import SimpleNamespace
from typing import Any

import grpc

from seedbed.bus.v1.bus_pb2 import RunPurpose
from seedbed.cli.reach.connect import Runs
from seedbed.cli.reach.ids import find_run
from seedbed.evaluator.exams.instructions import InstructionSource
from seedbed.runs.v1 import runs_service_pb2 as pb
from tests.runs.garden import refused, serve_runs, succeeded, work
from tests.runs.leaves import skill_leaf

EVALUATION = RunPurpose.RUN_PURPOSE_EVALUATION
LEAF = skill_leaf(seeds=3)


async def make(client, **values):
    name = await client.create(await client.sow(LEAF), **values)
    assert succeeded(await client.watch(name))
    return name


async def find(client, given):
    return await find_run(Runs(client.stub, client.upkeep, "here", live=True), given)


async def test_the_latest_is_the_latest_that_was_asked_for_after_a_restart_as_well(nats_url, store, hand):
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        asked = await make(client, target=2)
        other = await make(client, target=4, purpose=EVALUATION)
        assert await find(client, "latest") == asked
    async with serve_runs(nats_url, store) as client:
        listed = (await client.stub.ListRuns(pb.ListRunsRequest(), timeout=9)).runs
        assert {run.name: run.purpose for run in listed} == {asked: 0, other: EVALUATION}
        assert await find(client, "latest") == asked
        # By its name it is found.
        assert await find(client, other[:9]) == other


async def test_the_run_that_an_evaluation_has_made_for_its_questions_is_one_of_these(garden):
    asked = await make(garden, target=2)
    manifest: Any = SimpleNamespace(taxonomy=await garden.sow(LEAF), recipe={}, steps=[])
    known = {candidate.id for candidate in await garden.candidates(asked) if candidate.end == "accepted"}
    lesson: Any = SimpleNamespace(path=LEAF.path, samples=known, target=2)
    further = await InstructionSource(garden.stub, manifest, "").fetch([lesson], 2)
    assert further[LEAF.path]
    listed = (await garden.stub.ListRuns(pb.ListRunsRequest(), timeout=9)).runs
    assert [run.purpose for run in listed] == [EVALUATION, 0]
    assert await find(garden, "latest") == asked


async def test_what_both_ask_for_is_of_whoever_asked_for_a_dataset(garden, hand):
    await make(garden, target=2)
    made = await make(garden, target=4, purpose=EVALUATION)
    calls = hand.total
    assert await make(garden, target=4) == made
    assert await find(garden, "latest") == made
    assert await make(garden, target=4, purpose=EVALUATION) == made
    assert await find(garden, "latest") == made
    assert hand.total == calls


async def test_it_is_none_of_the_latest_that_are_kept_and_goes_with_what_it_was_made_of(garden):
    old = await make(garden, target=2)
    between = await make(garden, target=3, purpose=EVALUATION)
    new = await make(garden, target=4)
    after = await make(garden, target=5, purpose=EVALUATION)
    shown = await garden.collect(keep_last=2, validate_only=True)
    assert (list(shown.kept), list(shown.removed)) == ([after, new, between, old], [])
    done = await garden.collect(keep_last=1)
    assert (list(done.kept), sorted(done.removed)) == ([after, new], sorted([between, old]))
    assert (await refused(garden.get(between))).code() == grpc.StatusCode.NOT_FOUND
