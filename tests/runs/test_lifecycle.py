"""Runs that are cancelled, left, killed and taken up again: nothing lost, doubled or paid for twice."""

import asyncio
import json
from typing import Any

import grpc
import pytest
from google.longrunning import operations_pb2 as lro
from google.protobuf.duration_pb2 import Duration

from seedbed.bus.v1.bus_pb2 import LeafState, RunState
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.store.connect import open_store
from seedbed.pipeline.recipe import read_recipe
from seedbed.runs.storage.seals import unpack
from seedbed.runs.v1 import runs_service_pb2 as pb
from tests.runs.garden import connect, refused, serve_runs, spawn_runs, succeeded, work
from tests.runs.leaf_states import make_course, part_of
from tests.runs.leaf_states import run as run_course
from tests.runs.leaves import knowledge_leaf, skill_leaf
from tests.servers.nats import NatsServer

LEAVES = (knowledge_leaf(), skill_leaf("compositional_skills/recast", grounded=True))
WIDE = "{target: 30, pairs: 2, instructions: 2}"

IN_HAND = 2 * 9
"""Two items of each step at once, as none has a teacher to wait for."""


@pytest.fixture(scope="module")
def parts():
    """What every run of these leaves must come to: the same as without a bus, a store or a worker."""
    found = {}
    for leaf in LEAVES:
        state = make_course(leaf, read_recipe(WIDE))
        run_course(state)
        found[leaf.path] = sha256_hex(part_of(state))
    return found


async def test_a_cancelled_run_is_taken_up_again_without_paying_twice(garden, hand, parts):
    hand.delay = 0.05
    snapshot = await garden.sow(*LEAVES)
    name = await garden.create(snapshot, recipe=WIDE)
    await garden.until(name, 20)
    cancelled = await garden.stub.CancelRun(pb.CancelRunRequest(run=name), timeout=9)
    assert cancelled.state == RunState.RUN_STATE_CANCELLED
    assert {leaf.state for leaf in cancelled.leaves} <= {
        LeafState.LEAF_STATE_CANCELLED,
        LeafState.LEAF_STATE_WAITING,
        LeafState.LEAF_STATE_SEALED,
    }
    again = await refused(garden.stub.CancelRun(pb.CancelRunRequest(run=name), timeout=9))
    assert again.code() == grpc.StatusCode.FAILED_PRECONDITION
    # What was in flight comes back while nobody is there for it.
    await asyncio.sleep(0.5)
    hand.delay = 0
    assert await garden.create(snapshot, recipe=WIDE) == name
    assert succeeded(await garden.watch(name))
    assert await garden.parts(name) == parts
    # Only what was in hand when it was cancelled.
    assert len(hand.asked) - len(set(hand.asked)) <= IN_HAND


async def test_cancelled_and_created_at_once(garden, hand, parts):
    """Workers may not have heard yet that it goes on: what they let go must come again soon."""
    hand.delay = 0.02
    snapshot = await garden.sow(*LEAVES)
    name = await garden.create(snapshot, recipe=WIDE)
    for requests in (10, 30):
        await garden.until(name, requests)
        await garden.stub.CancelRun(pb.CancelRunRequest(run=name), timeout=9)
        assert await garden.create(snapshot, recipe=WIDE) == name
    hand.delay = 0
    assert succeeded(await garden.watch(name))
    assert await garden.parts(name) == parts


async def test_a_run_is_an_operation(garden, hand):
    hand.delay = 0.05
    snapshot = await garden.sow(skill_leaf())
    name = f"operations/{await garden.create(snapshot, target=8)}"
    call = garden.operations
    operation = await call.GetOperation(lro.GetOperationRequest(name=name), timeout=9)
    assert not operation.done
    short = lro.WaitOperationRequest(name=name, timeout=Duration(nanos=300_000_000))
    assert not (await call.WaitOperation(short, timeout=9)).done
    # The caller's deadline is an answer, too, and comes before it is over.
    assert not (await call.WaitOperation(lro.WaitOperationRequest(name=name), timeout=0.6)).done
    listed = await call.ListOperations(lro.ListOperationsRequest(), timeout=9)
    assert [found.name for found in listed.operations] == [name]
    hand.delay = 0
    operation = await call.WaitOperation(lro.WaitOperationRequest(name=name), timeout=30)
    assert operation.done
    run, metadata = pb.Run(), pb.RunMetadata()
    assert operation.response.Unpack(run)
    assert operation.metadata.Unpack(metadata)
    assert succeeded(run)
    assert f"operations/{metadata.run}" == name


async def test_an_operation_can_be_cancelled_but_not_deleted(garden, hand):
    hand.delay = 0.2
    name = f"operations/{await garden.create(await garden.sow(skill_leaf()), target=8)}"
    error = await refused(garden.operations.DeleteOperation(lro.DeleteOperationRequest(name=name), timeout=9))
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
    await garden.operations.CancelOperation(lro.CancelOperationRequest(name=name), timeout=9)
    operation = await garden.operations.GetOperation(lro.GetOperationRequest(name=name), timeout=9)
    assert operation.done
    for unknown in ("operations/nobody", "nobody"):
        wanted = lro.GetOperationRequest(name=unknown)
        error = await refused(garden.operations.GetOperation(wanted, timeout=9))
        assert error.code() == grpc.StatusCode.NOT_FOUND


@pytest.mark.slow
async def test_sigkill_half_way_gives_the_same_parts(nats_url, store, hand, parts, tmp_path):
    hand.delay = 0.03
    async with spawn_runs(nats_url, store, tmp_path) as (process, client), work(nats_url, store, hand):
        name = await client.create(await client.sow(*LEAVES), recipe=WIDE)
        await client.until(name, 40)
        process.kill()
        process.wait()
    hand.delay = 0
    async with spawn_runs(nats_url, store, tmp_path) as (_, client), work(nats_url, store, hand):
        assert succeeded(await client.watch(name))
        assert await client.parts(name) == parts
    # What a killed worker had in hand may be asked twice: two steps at once, and no teacher to wait for.
    assert len(hand.asked) - len(set(hand.asked)) <= IN_HAND


async def test_a_restart_goes_on_where_it_was(nats_url, store, hand, parts):
    hand.delay = 0.02
    async with connect(nats_url) as bus:
        await bus.prepare()
    async with work(nats_url, store, hand):
        async with serve_runs(nats_url, store) as client:
            name = await client.create(await client.sow(*LEAVES), recipe=WIDE)
            await client.until(name, 30)
        for requests in (45, 60):
            async with serve_runs(nats_url, store) as client:
                await client.until(name, requests)
        hand.delay = 0
        async with serve_runs(nats_url, store) as client:
            assert succeeded(await client.watch(name))
            assert await client.parts(name) == parts
    assert len(hand.asked) == len(set(hand.asked))


async def test_seals_hold_each_record_once_and_are_all_that_another_machine_needs(
    nats_server, store, hand, parts, tmp_path, monkeypatch
):
    """Rounds are replayed after every restart, and what is sealed already is not sealed again."""
    monkeypatch.setattr("seedbed.runs.execution.leaf_runner.SEAL_BYTES", 2000)
    hand.delay = 0.02
    async with connect(nats_server.url) as bus:
        await bus.prepare()
    async with work(nats_server.url, store, hand):
        for requests in (20, 40, 60):
            async with serve_runs(nats_server.url, store) as client:
                await client.until(await client.create(await client.sow(*LEAVES), recipe=WIDE), requests)
        hand.delay = 0
        async with serve_runs(nats_server.url, store) as client:
            assert succeeded(await client.make(*LEAVES, recipe=WIDE))
    for leaf in LEAVES:
        index = json.loads(await store.get(f"seals/{leaf.path}/index.json"))
        assert len(index) > 3
        assert len(await store.keys(f"seals/{leaf.path}/")) == len(index) + 1
        found = [r.digest for key in index for r in await read_seal(store, f"seals/{leaf.path}/{key}")]
        assert len(found) == len(set(found))
    asked, other = hand.total, NatsServer(tmp_path)
    other.start()
    try:
        async with serve_runs(other.url, store) as client, work(other.url, store, hand):
            again = await client.make(*LEAVES, recipe=WIDE)
            assert succeeded(again)
            assert await client.parts(again.name) == parts
            assert hand.total == asked
    finally:
        other.stop()


async def read_seal(store, key):
    return unpack(await store.get(key))


async def leave(nats_url, store, hand, **values) -> Any:
    """A run that its service leaves half-way."""
    hand.delay = 0.02
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        name = await client.create(await client.sow(*LEAVES), **values)
        await client.until(name, 30)
    hand.delay = 0
    return name


async def test_a_dormant_run_waits_to_be_created_again(nats_url, store, hand, parts):
    name = await leave(nats_url, store, hand, recipe=WIDE)
    async with serve_runs(nats_url, store, resume=False) as client, work(nats_url, store, hand):
        run = await client.get(name)
        assert run.state == RunState.RUN_STATE_RUNNING
        assert run.progress.paused == "it waits to be created again"
        operation = lro.GetOperationRequest(name=f"operations/{name}")
        assert not (await client.operations.GetOperation(operation, timeout=9)).done
        before = hand.total
        await asyncio.sleep(0.5)
        assert hand.total - before <= IN_HAND
        assert await client.create(await client.sow(*LEAVES), recipe=WIDE) == name
        assert succeeded(await client.watch(name))
        assert await client.parts(name) == parts


async def test_a_dormant_run_is_superseded_and_its_records_recalled(nats_url, store, hand):
    name = await leave(nats_url, store, hand, recipe=WIDE)
    async with serve_runs(nats_url, store, resume=False) as client, work(nats_url, store, hand):
        other = await client.make(*LEAVES, recipe="{target: 12, pairs: 2, instructions: 2}")
        assert succeeded(other)
        assert other.progress.recalled > 0
        assert (await client.get(name)).state == RunState.RUN_STATE_CANCELLED


async def test_a_dormant_run_can_be_cancelled(nats_url, store, hand):
    name = await leave(nats_url, store, hand, recipe=WIDE)
    async with serve_runs(nats_url, store, resume=False) as client:
        run = await client.stub.CancelRun(pb.CancelRunRequest(run=name), timeout=9)
        assert run.state == RunState.RUN_STATE_CANCELLED


async def test_two_runs_side_by_side(garden, hand):
    snapshot = await garden.sow(*LEAVES)
    names = [await garden.create(snapshot, target=target) for target in (8, 9)]
    done = await asyncio.gather(*map(garden.watch, names))
    assert [run.progress.samples for run in done] == [16, 18]


@pytest.mark.s3
async def test_with_a_real_s3_store(nats_url, s3_url, s3_server, hand):
    store = await open_store(s3_url, access_key=s3_server.access_key, secret_key=s3_server.secret_key)
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        run = await client.make(*LEAVES, target=6)
        assert succeeded(run)
        calls = hand.total
        fewer = await client.make(*LEAVES, target=4)
        assert (succeeded(fewer), hand.total) == (True, calls)
        assert len(await client.candidates(run.name, end=pb.CandidateEnd.CANDIDATE_END_ACCEPTED)) == 12
