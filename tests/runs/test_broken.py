"""Records that cannot be read or shown: told of as broken, and no neighbour with them."""

import grpc
import pytest
from google.longrunning import operations_pb2 as lro

from seedbed.bus.v1.bus_pb2 import LeafTarget, Plan, RunEntry, RunState
from seedbed.kernel.bus.streams import DEAD, RUNS, WORK
from seedbed.runs.v1 import runs_service_pb2 as pb
from tests.runs.garden import connect, refused, serve_runs, succeeded, work
from tests.runs.leaves import knowledge_leaf, skill_leaf

LEAF = skill_leaf(seeds=3)
BROKEN = "r" + "b" * 16


def oversized() -> bytes:
    """A run as it could be stored before there were bounds: no list can carry what its targets add up to."""
    leaves = [
        LeafTarget(path=f"a/{n}", leaf=f"{n:016x}", kind="freeform_skill", target=2**32 - 1) for n in (1, 2)
    ]
    plan = Plan(run=BROKEN, snapshot="0" * 64, recipe='{"target":4294967295}', leaves=leaves)
    return RunEntry(plan=plan, state=RunState.RUN_STATE_RUNNING, create_time=1).SerializeToString()


async def store_run(bus, data: bytes, key: str = BROKEN) -> None:
    assert await bus.write(RUNS, key, data, 0) is not None


@pytest.mark.parametrize("kind", ["oversized", "no message", "a leaf that is no message"])
async def test_a_run_that_cannot_be_read_is_listed_as_broken_beside_the_others(nats_url, store, hand, kind):
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        good = await client.make(LEAF, target=2)
    async with connect(nats_url) as bus:
        await store_run(bus, b"\xff\xff" if kind == "no message" else oversized())
        if kind.startswith("a leaf"):
            await store_run(bus, b"\xff\xff", f"{BROKEN}.{1:016x}")
        await bus.js.publish(f"seedbed.v1.work.skills.instruct.{BROKEN}.leaf.digest", b"")
    async with serve_runs(nats_url, store) as client:
        listed = (await client.stub.ListRuns(pb.ListRunsRequest(), timeout=9)).runs
        assert [run.name for run in listed] == [good.name, BROKEN]
        assert (listed[0].broken, listed[0].state) == ("", RunState.RUN_STATE_SUCCEEDED)
        assert listed[1].broken
        assert (await client.get(BROKEN)).broken == listed[1].broken
        assert [
            answer.run.broken
            async for answer in client.stub.WatchRun(pb.WatchRunRequest(run=BROKEN), timeout=9)
        ]
        operations = await client.operations.ListOperations(lro.ListOperationsRequest(), timeout=9)
        named = {one.name.removeprefix("operations/"): one for one in operations.operations}
        assert named[good.name].response.Is(pb.Run.DESCRIPTOR)
        assert named[BROKEN].error.message == listed[1].broken
        error = await refused(client.stub.CancelRun(pb.CancelRunRequest(run=BROKEN), timeout=9))
        assert error.code() == grpc.StatusCode.DATA_LOSS
        assert "is broken" in error.details()
    async with connect(nats_url) as bus:
        # Its items would come back for ever, as nobody has a plan for them.
        assert (await bus.js.stream_info(WORK)).state.messages == 0


async def test_the_same_call_makes_a_broken_run_anew(nats_url, store, hand):
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        good = await client.make(LEAF, target=2)
        parts = await client.parts(good.name)
    async with connect(nats_url) as bus:
        await bus.purge(f"KV_{RUNS}", f"$KV.{RUNS}.{good.name}")
        await store_run(bus, b"\xff\xff", good.name)
    asked = len(hand.asked)
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        assert (await client.get(good.name)).broken
        again = await client.make(LEAF, target=2)
        assert (again.name, again.broken) == (good.name, "")
        assert succeeded(again)
        assert await client.parts(good.name) == parts
    assert len(hand.asked) == asked


async def test_a_letter_that_cannot_be_read_is_listed_and_dropped(garden, nats_url, hand):
    hand.refused = {"skills.respond"}
    run = await garden.make(LEAF, target=6)
    letters = await garden.letters(run.name)
    async with connect(nats_url) as bus:
        await bus.js.publish(f"seedbed.v1.dead.skills.respond.{run.name}", b"\xff\xff")
        assert (await bus.js.stream_info(DEAD)).state.messages == len(letters) + 1
    found = await garden.letters(run.name)
    assert list(found[:-1]) == letters
    assert "damaged" in found[-1].reason
    request = pb.DropDeadLettersRequest(run=run.name, reason="damaged", confirm=True)
    assert (await garden.stub.DropDeadLetters(request, timeout=9)).dropped == 1
    assert await garden.letters(run.name) == letters


async def test_no_run_asks_for_more_than_can_be_counted(runs):
    snapshot = await runs.sow(*(skill_leaf(f"compositional_skills/a{n}") for n in range(2)))
    for target in (1_000_001, 4294967295):
        request = pb.CreateRunRequest(snapshot=snapshot, target=target)
        error = await refused(runs.stub.CreateRun(request, timeout=9))
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert error.details().startswith("target must be 0 to 1,000,000")
        request = pb.CreateRunRequest(snapshot=snapshot, recipe=f"target: {target}")
        error = await refused(runs.stub.CreateRun(request, timeout=9))
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert list((await runs.stub.ListRuns(pb.ListRunsRequest(), timeout=9)).runs) == []


async def test_a_leaf_that_nothing_can_be_made_of_ends_and_holds_up_no_other_run(garden):
    # What names its document is no digest, so no item that reads it can be made.
    odd = knowledge_leaf("knowledge/odd")
    odd.documents[0].blob = "no digest"
    name = await garden.create(await garden.sow(odd), target=2)
    good = await garden.make(LEAF, target=2)
    assert succeeded(good)
    ended = await garden.watch(name)
    assert "ValueError: invalid literal for int() with base 16: 'no digest'" in ended.leaves[0].reason
