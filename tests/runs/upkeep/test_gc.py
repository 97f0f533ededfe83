"""What no kept run needs goes; what a kept run needs, to the last recalled record, stays."""

import json
from datetime import timedelta

import grpc
import pytest

from seedbed.kernel.bus.streams import LIMITS, MEMO, RUNS
from seedbed.kernel.store.blobs import blob_key, put_blob
from seedbed.kernel.store.connect import open_store
from tests.runs.damaging import HARMS
from tests.runs.garden import connect, refused, serve_runs, succeeded, work
from tests.runs.leaves import knowledge_leaf, skill_leaf

OLD = (knowledge_leaf("knowledge/old", ("old.txt",)), skill_leaf("compositional_skills/shared"))
NEW = (knowledge_leaf("knowledge/new", ("new.txt",)), skill_leaf("compositional_skills/shared"))
RECIPE = "{target: 8, pairs: 2, instructions: 2}"


async def sow_documents(store):
    for name in ("old.txt", "new.txt"):
        await put_blob(store, name.encode())


async def everything(store):
    # Copies of the book are written when there is time for it.
    keys = [key for key in await store.keys("") if not key.startswith("runs/")]
    return {key: await store.get(key) for key in keys}


async def begin_anew(nats_url):
    """A machine that has heard of nothing."""
    async with connect(nats_url) as bus:
        for bucket in (MEMO, RUNS, LIMITS):
            await bus.empty(f"KV_{bucket}")


async def check_sweep(nats_url, store, hand):
    await sow_documents(store)
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        old = await client.make(*OLD, recipe=RECIPE)
        new = await client.make(*NEW, recipe=RECIPE)
        assert succeeded(old)
        assert succeeded(new)
        parts, calls = await client.parts(new.name), hand.total
        before = await everything(store)
        shown = await client.collect(keep_last=1, validate_only=True)
        assert (list(shown.kept), list(shown.removed)) == ([new.name], [old.name])
        assert list(shown.unsealed) == ["knowledge/old"]
        assert shown.calls > 0
        assert await everything(store) == before

        reported = await client.collect(keep_last=1)
        assert reported.done
        assert {a.kind: (a.objects, a.bytes) for a in reported.amounts} == {
            a.kind: (a.objects, a.bytes) for a in shown.amounts
        }
        after = await everything(store)
        assert after.items() < before.items()
        assert not [key for key in after if "knowledge/old" in key]
        assert (await refused(client.get(old.name))).code() == grpc.StatusCode.NOT_FOUND
        assert not (await client.collect(keep_last=1)).amounts
    await begin_anew(nats_url)
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        again = await client.make(*NEW, recipe=RECIPE)
        assert (again.name, hand.total) == (new.name, calls)
        assert await client.parts(new.name) == parts


async def test_the_store_alone_still_gives_a_kept_run_without_a_call(nats_url, store, hand):
    await check_sweep(nats_url, store, hand)


@pytest.mark.s3
async def test_the_same_in_a_real_s3_store(nats_url, s3_url, s3_server, hand):
    store = await open_store(s3_url, access_key=s3_server.access_key, secret_key=s3_server.secret_key)
    await check_sweep(nats_url, store, hand)


async def test_which_runs_are_kept(garden, store):
    await sow_documents(store)
    runs = [(await garden.make(*leaves, recipe=RECIPE)).name for leaves in (OLD, NEW)]
    old, new = runs
    for values, kept in (
        ({"keep": [old]}, {old}),
        ({"keep_last": 1}, {new}),
        ({"keep_last": 1, "keep": [old]}, {old, new}),
        ({"keep_within": timedelta(days=1)}, {old, new}),
        ({"keep_within": timedelta(microseconds=86)}, set()),
        ({"keep_all": True}, {old, new}),
    ):
        shown = await garden.collect(validate_only=True, **values)
        assert set(shown.kept) == kept, values
        assert set(shown.removed) == set(runs) - kept, values
    error = await refused(garden.collect(keep=["r" + "0" * 16]))
    assert error.code() == grpc.StatusCode.NOT_FOUND


async def test_without_seals_a_kept_run_has_its_dataset_and_recalls_nothing(garden, store, hand):
    await sow_documents(store)
    run = await garden.make(*NEW, recipe=RECIPE)
    rows = await garden.candidates(run.name)
    reported = await garden.collect(keep_all=True, drop_seals=True)
    assert set(reported.unsealed) == {leaf.path for leaf in NEW}
    assert reported.calls == run.progress.requests
    assert not await store.keys("seals/")
    assert await garden.candidates(run.name) == rows


async def test_what_was_written_lately_stays(garden, store):
    await sow_documents(store)
    await garden.make(*OLD, recipe=RECIPE)
    reported = await garden.collect(keep_within=timedelta(microseconds=86), grace=timedelta(hours=1))
    assert reported.young > 5
    assert {amount.kind for amount in reported.amounts} == {"runs"}


async def test_what_others_keep_in_the_store_is_not_touched(garden, store):
    await sow_documents(store)
    run = await garden.make(*NEW, recipe=RECIPE)
    named, lost = await put_blob(store, b"named"), await put_blob(store, b"nobody knows it")
    trained_on = {"leaves": [{"path": "x", "digest": "gone"}]}
    for key, value in (
        ("reports/r.json", {"figure": named}),
        ("checkpoints/t/1-a/manifest.json", {"dataset": "d1", "leaves": []}),
        ("datasets/d1/manifest.json", trained_on),
        ("datasets/d1/rows.jsonl", "rows"),
        ("datasets/d2/manifest.json", trained_on),
        ("datasets/d2/rows.jsonl", "rows"),
        ("datasets/d3/manifest.json", {"leaves": [{"path": NEW[0].path, "digest": NEW[0].digest}]}),
        ("forgotten/abc", {}),
    ):
        await store.put(key, json.dumps(value).encode())
    before = set(await store.keys(""))
    await garden.collect(keep=[run.name])
    gone = before - set(await store.keys(""))
    assert {blob_key(lost), "datasets/d2/manifest.json", "datasets/d2/rows.jsonl"} <= gone
    assert not {
        key for key in gone if key.startswith(("reports/", "checkpoints/", "datasets/d1", "forgotten/"))
    }
    assert blob_key(named) not in gone
    assert "datasets/d3/manifest.json" not in gone


async def test_a_run_going_on_forbids_it_and_one_that_lies_dormant_keeps_all_it_has(nats_url, store, hand):
    await sow_documents(store)
    hand.delay = 0.03
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        name = await client.create(await client.sow(*NEW), recipe=RECIPE)
        await client.until(name, 10)
        error = await refused(client.collect(keep_last=1))
        assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
        assert name in error.details()
    hand.delay = 0
    async with serve_runs(nats_url, store, resume=False) as client, work(nats_url, store, hand):
        await client.collect(keep_within=timedelta(microseconds=86), drop_seals=True)
        assert await client.create(await client.sow(*NEW), recipe=RECIPE) == name
        assert succeeded(await client.watch(name))
    assert len(hand.asked) - len(set(hand.asked)) <= 18


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS.keys())
async def test_nothing_goes_while_what_a_kept_run_needs_cannot_be_read(garden, store, harm):
    await sow_documents(store)
    run = await garden.make(*NEW, recipe=RECIPE)
    seal = next(k for k in await store.keys("seals/knowledge/new/") if not k.endswith(".json"))
    part = blob_key((await garden.parts(run.name))["knowledge/new"])
    for key in (part, f"snapshots/{run.snapshot}", seal):
        kept = await store.get(key)
        await harm(store, key)
        before = await everything(store)
        if key != seal or harm is not HARMS["removed"]:
            error = await refused(garden.collect(keep_all=True, grace=timedelta()))
            assert (error.code(), f"damaged: {key}" in error.details()) == (grpc.StatusCode.DATA_LOSS, True)
        assert await everything(store) == before
        await store.put(key, kept)
