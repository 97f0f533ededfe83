"""The book of runs loses entries: it is said, nothing is removed meanwhile, and it is known from a copy."""

import asyncio

import grpc
import pytest

from seedbed.bus.v1.bus_pb2 import RunEntry, RunState
from seedbed.kernel.bus import RUNS
from seedbed.kernel.store import FolderStore
from tests.kernel.looking import keys_of
from tests.runs.garden import connect, refused, serve_runs, succeeded, work
from tests.runs.leaves import knowledge_leaf, skill_leaf

LEAVES = (knowledge_leaf(), skill_leaf())
RECIPE = "{target: 8, pairs: 2, instructions: 2}"


@pytest.fixture
async def finished(nats_url, store, hand):
    """The name of a run that has come to its end, and its parts."""
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        run = await client.make(*LEAVES, recipe=RECIPE)
        assert succeeded(run)
        return run.name, await client.parts(run.name)


async def entries(bus, run):
    bucket = await bus.bucket(RUNS)
    return bucket, [key for key in await keys_of(bus, RUNS) if key.startswith(run)]


async def everything(store):
    return {key: await store.get(key) for key in await store.keys("") if not key.startswith("runs/")}


async def check_refused(client, store, *words):
    before = await everything(store)
    for values in ({"keep_all": True, "grace": 0}, {"keep_all": True, "validate_only": True}):
        error = await refused(client.collect(**values))
        assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
        for word in ("the book of runs is not whole", *words):
            assert word in error.details()
    assert await everything(store) == before


async def test_a_book_that_is_whole_lets_collect(nats_url, store, hand, finished):
    async with serve_runs(nats_url, store) as client:
        assert (await client.collect(keep_all=True, grace=0)).done


async def test_a_leafs_entry_is_missing(nats_url, store, hand, finished):
    name, parts = finished
    async with connect(nats_url) as bus:
        _, keys = await entries(bus, name)
        await bus.purge(f"KV_{RUNS}", f"$KV.{RUNS}.{keys[1]}")
    async with serve_runs(nats_url, store) as client:
        await check_refused(client, store, name, "its entry is missing")
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        # Asked for again, the leaf is made again from what was paid for.
        asked = len(hand.asked)
        run = await client.make(*LEAVES, recipe=RECIPE)
        assert (run.name, succeeded(run), len(hand.asked)) == (name, True, asked)
        assert await client.parts(name) == parts
        assert (await client.collect(keep_all=True, grace=0)).done


async def test_an_entry_that_cannot_be_read_stops_neither_the_service_nor_other_runs(
    nats_url, store, hand, finished
):
    name, _ = finished
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        other = await client.make(LEAVES[0], recipe=RECIPE)
    async with connect(nats_url) as bus:
        bucket, keys = await entries(bus, name)
        await bucket.put(keys[1], b"\xff\xff")
    async with serve_runs(nats_url, store) as client:
        assert succeeded(await client.get(other.name))
        await check_refused(client, store, keys[1], "cannot be read")
    async with connect(nats_url) as bus:
        bucket, _ = await entries(bus, name)
        await bucket.put(name, b"\xff\xff")
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        assert succeeded(await client.get(other.name))
        await check_refused(client, store, f"its entry {name} cannot be read")
        assert succeeded(await client.make(LEAVES[1], recipe=RECIPE))


async def test_an_entry_with_another_plan_than_it_is_named_by(nats_url, store, hand, finished):
    name, _ = finished
    async with connect(nats_url) as bus:
        bucket, _ = await entries(bus, name)
        entry = RunEntry.FromString((await bucket.get(name)).value)
        entry.plan.leaves[0].path += "x"
        await bucket.put(name, entry.SerializeToString())
    async with serve_runs(nats_url, store) as client:
        await check_refused(client, store, "another one than the run is named by")


async def test_the_bucket_was_purged(nats_url, store, hand, finished):
    name, _ = finished
    async with connect(nats_url) as bus:
        await bus.empty(f"KV_{RUNS}")
    async with serve_runs(nats_url, store) as client:
        await check_refused(client, store, f"run {name}: it has no entry")


async def test_the_bucket_went_back_to_an_earlier_state(nats_url, store, hand, finished):
    """As where the end of its file is lost: the run's entry is that of its beginning, leaves have none."""
    name, _ = finished
    async with connect(nats_url) as bus:
        bucket, _ = await entries(bus, name)
        entry = RunEntry.FromString((await bucket.get(name)).value)
        entry.state, entry.end_time = RunState.RUN_STATE_RUNNING, 0
        await bus.js.delete_stream(f"KV_{RUNS}")
        await bus.prepare()
        bus._buckets.clear()
        await (await bus.bucket(RUNS)).put(name, entry.SerializeToString())
    async with serve_runs(nats_url, store, resume=False) as client:
        run = await client.get(name)
        assert run.state == RunState.RUN_STATE_RUNNING
        await check_refused(client, store, "older one than was written")
        assert any("older one" in gap for gap in (await client.get(name)).gaps)


async def test_a_run_that_is_made_again_after_all_was_lost_has_a_whole_book(nats_url, store, hand, finished):
    name, parts = finished
    async with connect(nats_url) as bus:
        await bus.empty(f"KV_{RUNS}")
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        assert succeeded(await client.make(*LEAVES, recipe=RECIPE))
        assert await client.parts(name) == parts
        assert (await client.collect(keep_all=True, grace=0)).done


async def test_a_run_that_is_not_kept_takes_its_copy_along(nats_url, store, hand, finished):
    async with serve_runs(nats_url, store) as client:
        assert len(await store.keys("runs/")) == 1
        await client.collect(keep_none=True)
        assert await store.keys("runs/") == []
        assert (await client.collect(keep_all=True, grace=0)).done


class HeldStore(FolderStore):
    """Copies of the book wait to be written."""

    def __init__(self, root):
        super().__init__(root)
        self.reached, self.let = asyncio.Event(), asyncio.Event()

    async def put(self, key, data):
        if key.startswith("runs/"):
            self.reached.set()
            await self.let.wait()
        await super().put(key, data)


async def test_a_copy_that_is_being_written_goes_with_its_run(nats_url, store, hand, finished):
    held = HeldStore(store._root)
    async with serve_runs(nats_url, held) as client:
        await asyncio.wait_for(held.reached.wait(), 20)
        collecting = asyncio.create_task(client.collect(keep_none=True))
        await asyncio.wait({collecting}, timeout=0.5)
        assert not collecting.done()
        held.let.set()
        await collecting
        assert await store.keys("runs/") == []
