"""Something that a leaf rests on is damaged: that leaf ends with the word, and nothing else does."""

import pytest

from seedbed.bus.v1.bus_pb2 import LeafState, RunState
from seedbed.kernel.bus.streams import MEMO
from seedbed.kernel.store.leaf_commits import commit_key, write_commit
from tests.kernel.looking import keys_of
from tests.runs.damaging import HARMS
from tests.runs.garden import connect, serve_runs, succeeded, work
from tests.runs.leaves import knowledge_leaf, skill_leaf

BIRDS, VERSE = knowledge_leaf(), skill_leaf()
RECIPE = "{target: 8, pairs: 2, instructions: 2}"
OTHER = "{target: 9, pairs: 2, instructions: 2}"

harms = pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS.keys())
broken = pytest.mark.parametrize("harm", [HARMS["flipped"], HARMS["truncated"], HARMS["emptied"]])


def leaf_of(run, path):
    return next(leaf for leaf in run.leaves if leaf.path == path)


def check_one_leaf_ended(run, damaged, key):
    assert run.state == RunState.RUN_STATE_SHORT
    other = next(leaf for leaf in run.leaves if leaf.path != damaged)
    assert (other.state, other.reason) == (LeafState.LEAF_STATE_SEALED, "")
    leaf = leaf_of(run, damaged)
    assert leaf.state == LeafState.LEAF_STATE_DAMAGED
    assert leaf.reason.startswith(f"damaged: {key}")
    assert ";" in leaf.reason


@harms
async def test_a_seal(garden, store, hand, harm):
    await garden.make(BIRDS, VERSE, recipe=RECIPE)
    key = next(key for key in await store.keys(f"seals/{BIRDS.path}/") if not key.endswith(".json"))
    await harm(store, key)
    run = await garden.make(BIRDS, VERSE, recipe=OTHER)
    check_one_leaf_ended(run, BIRDS.path, key)


@broken
async def test_an_index_of_seals(garden, store, hand, harm):
    await garden.make(BIRDS, VERSE, recipe=RECIPE)
    key = f"seals/{BIRDS.path}/index.json"
    await harm(store, key)
    check_one_leaf_ended(await garden.make(BIRDS, VERSE, recipe=OTHER), BIRDS.path, "seals/")


async def test_an_index_that_breaks_while_the_leaf_is_at_work(garden, store, hand):
    snapshot = await garden.sow(BIRDS, VERSE)
    hand.delay = 0.05
    run = await garden.create(snapshot, recipe=RECIPE)
    await garden.until(run, 4)
    await store.put(f"seals/{BIRDS.path}/index.json", b"[")
    check_one_leaf_ended(await garden.watch(run), BIRDS.path, "seals/")
    # Nothing of what was paid for is lost meanwhile.
    await store.delete(f"seals/{BIRDS.path}/index.json")
    await garden.create(snapshot, recipe=RECIPE)
    assert succeeded(await garden.watch(run))
    assert len(hand.asked) == len(set(hand.asked))


@broken
async def test_a_commit(garden, store, hand, harm):
    key = commit_key(BIRDS.digest)
    await store.put(key, write_commit(BIRDS.path, BIRDS.digest, "0123456789abcdef" * 2 + "01234567"))
    await harm(store, key)
    check_one_leaf_ended(await garden.make(BIRDS, VERSE, recipe=RECIPE), BIRDS.path, key)


async def test_a_record_on_the_bus(nats_url, store, hand):
    hand.delay = 0.05
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        run = await client.create(await client.sow(BIRDS, VERSE), recipe=RECIPE)
        await client.until(run, 6)
    async with connect(nats_url) as bus:
        token = next(t.leaf for t in await plan_of(bus, run) if t.path == BIRDS.path)
        bucket = await bus.bucket(MEMO)
        key = next(key for key in await keys_of(bus, MEMO) if key.startswith(f"{run}.{token}."))
        await bucket.put(key, b"\xff\xff\xff")
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        check_one_leaf_ended(await client.watch(run), BIRDS.path, "a record on the bus")
        await client.create(await client.sow(BIRDS, VERSE), recipe=RECIPE)
        assert succeeded(await client.watch(run))
    # What could not be read is asked again, and what was in flight as the worker went.
    assert len(hand.asked) - len(set(hand.asked)) <= 20


async def plan_of(bus, run):
    from seedbed.bus.v1.bus_pb2 import RunEntry  # noqa: PLC0415

    return RunEntry.FromString((await (await bus.bucket("RUNS")).get(run)).value).plan.leaves


async def test_a_snapshot_of_a_run_that_goes_on(nats_url, store, hand):
    hand.delay = 0.05
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        snapshot = await client.sow(BIRDS, VERSE)
        run = await client.create(snapshot, recipe=RECIPE)
        await client.until(run, 2)
    await store.put(f"snapshots/{snapshot}", b"")
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        ended = await client.watch(run)
        assert ended.state == RunState.RUN_STATE_SHORT
        assert all(leaf.reason.startswith(f"damaged: snapshots/{snapshot}") for leaf in ended.leaves)
        # Imported again, the same call goes on.
        await client.create(await client.sow(BIRDS, VERSE), recipe=RECIPE)
        assert succeeded(await client.watch(run))


async def test_the_same_call_makes_a_damaged_leaf_again_and_nothing_else(garden, store, hand):
    first = await garden.make(BIRDS, VERSE, recipe=RECIPE)
    (key,) = [key for key in await store.keys(f"seals/{BIRDS.path}/") if not key.endswith(".json")][:1]
    kept = await store.get(key)
    await store.put(key, b"")
    run = await garden.make(BIRDS, VERSE, recipe=OTHER)
    asked = len(hand.asked)
    await store.put(key, kept)
    again = await garden.make(BIRDS, VERSE, recipe=OTHER)
    assert (again.name, succeeded(again)) == (run.name, True)
    new = set(hand.asked[asked:])
    assert not new & set(hand.asked[:asked])
    assert await garden.parts(first.name)
