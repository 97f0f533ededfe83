"""A run that was stopped: shown with all it has, gone on with when it is asked for, not lost by another."""

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from seedbed.bus.v1.bus_pb2 import RunState
from seedbed.runs.v1 import runs_service_pb2 as pb
from tests.runs.garden import serve_runs, succeeded, work
from tests.runs.leaves import knowledge_leaf, skill_leaf

LEAVES = (knowledge_leaf(), skill_leaf())
RECIPE = "{target: 20, pairs: 2, instructions: 2}"


@pytest.fixture
async def stopped(nats_url, store, hand):
    """A run that was stopped on its way, as it was last shown."""
    hand.delay = 0.02
    async with serve_runs(nats_url, store) as client:
        async with work(nats_url, store, hand):
            name = await client.create(await client.sow(*LEAVES), recipe=RECIPE)
            await client.until(name, 60)
        last = await client.get(name)
    assert last.state == RunState.RUN_STATE_RUNNING
    assert last.progress.samples
    hand.delay = 0
    return last


async def listed(client, name):
    answer = await client.stub.ListRuns(pb.ListRunsRequest(), timeout=9)
    return next(run for run in answer.runs if run.name == name)


async def test_it_is_shown_with_all_it_has_and_asks_nobody(nats_url, store, hand, stopped):
    asked = len(hand.asked)
    async with serve_runs(nats_url, store, resume=False) as client, work(nats_url, store, hand):
        for run in (await listed(client, stopped.name), await client.get(stopped.name)):
            assert (run.state, run.dormant) == (RunState.RUN_STATE_RUNNING, True)
            assert run.create_time == stopped.create_time != Timestamp()
            assert run.progress.requests >= stopped.progress.requests
            assert run.progress.samples >= stopped.progress.samples
            assert [leaf.rounds for leaf in run.leaves] == [leaf.rounds for leaf in stopped.leaves]
    assert len(hand.asked) == asked


async def test_looked_at_it_goes_on_as_if_nobody_had(nats_url, store, hand, stopped):
    async with serve_runs(nats_url, store, resume=False) as client, work(nats_url, store, hand):
        await client.get(stopped.name)
        ended = await client.make(*LEAVES, recipe=RECIPE)
        assert (ended.name, succeeded(ended), ended.dormant) == (stopped.name, True, False)
        # What was in flight as the worker went is asked again, and nothing else.
        assert len(hand.asked) - len(set(hand.asked)) <= 64


async def test_another_run_supersedes_it_and_its_counts_stay(nats_url, store, hand, stopped):
    async with serve_runs(nats_url, store, resume=False) as client, work(nats_url, store, hand):
        other = await client.make(*LEAVES, recipe="{target: 4, pairs: 2, instructions: 2}")
        run = await listed(client, stopped.name)
        assert (run.state, run.superseded_by) == (RunState.RUN_STATE_CANCELLED, other.name)
        assert run.progress.requests >= stopped.progress.requests
        assert run.progress.samples > 0
        assert sum(leaf.counts.items_done for leaf in run.leaves) > 0
    async with serve_runs(nats_url, store, resume=False) as client, work(nats_url, store, hand):
        assert (await client.get(stopped.name)).progress.requests == run.progress.requests
        again = await client.make(*LEAVES, recipe=RECIPE)
        assert (again.name, succeeded(again), again.superseded_by) == (stopped.name, True, "")
