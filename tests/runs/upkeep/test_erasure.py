"""A document is forgotten: what came of it goes everywhere, what came of others stays and is recalled."""

import asyncio
import json

import grpc
import pytest

from seedbed.bus.v1.bus_pb2 import Item, RunState
from seedbed.kernel.identity import origin, sha256_hex
from seedbed.kernel.store.blobs import put_blob
from seedbed.kernel.store.tombstones import find_tombstone
from seedbed.runs.storage.seals import Seals
from tests.runs.garden import refused, serve_runs, succeeded, work
from tests.runs.leaves import finish, knowledge_leaf, skill_leaf

RECIPE = """
{target: 12, pairs: 2, instructions: 2, augmentations: [atomic_facts], retellings: [dialogue], passages: true}
"""
GONE = sha256_hex("gone.txt")


def two_documents():
    """One seed is taken from the document that stays, one cannot be told."""
    leaf = knowledge_leaf("knowledge/birds", ("gone.txt", "stays.txt"), seeds=2)
    leaf.seeds[0].context = "Stays.TXT"
    return finish(leaf)


async def sow_texts(store):
    """The bytes of the documents, which are their texts as well."""
    for name in ("gone.txt", "stays.txt"):
        await put_blob(store, name.encode())


@pytest.fixture
async def made(garden, store):
    """A finished run of two leaves."""
    leaves = two_documents(), skill_leaf()
    await sow_texts(store)
    run = await garden.make(*leaves, recipe=RECIPE)
    assert succeeded(run)
    return leaves, run


async def objects(store, but="forgotten/"):
    # Copies of the book are written when there is time for it.
    keys = [key for key in await store.keys("") if not key.startswith((but, "runs/"))]
    return {key: await store.get(key) for key in keys}


async def test_it_is_shown_first_and_nothing_is_touched(garden, store, made):
    before = await objects(store, but="-")
    reported = await garden.forget("gone.txt", validate_only=True)
    amounts = {amount.kind: amount.objects for amount in reported.amounts}
    assert amounts["documents"] == amounts["snapshots"] == 1
    assert amounts["sealed records"] > 0
    assert amounts["candidates"] > 0
    assert [place for document in reported.documents for place in document.places] == [
        "knowledge/birds/gone.txt"
    ]
    assert list(reported.shortened) == [made[1].name]
    assert not reported.done
    assert await objects(store, but="-") == before


async def test_what_came_of_it_is_gone_and_the_rest_stays(garden, store, hand, made):
    leaves, run = made
    reported = await garden.forget("knowledge/birds/gone.txt")
    assert reported.done
    kept = [r for seal in await Seals(store).keys() for r in await Seals(store).open(seal.key)]
    assert kept
    assert all(origin(GONE) not in record.origins for record in kept)
    assert any(record.step == "judge.grounded" for record in kept)
    for key, data in (await objects(store)).items():
        assert GONE.encode() not in data, key
    assert await find_tombstone(store, GONE)
    after = await garden.get(run.name)
    assert after.state == RunState.RUN_STATE_SHORT
    (birds, verse) = sorted(after.leaves, key=lambda leaf: leaf.path, reverse=True)
    assert verse.counts.accepted == 12
    assert birds.counts.accepted < 12
    assert "went with what was forgotten: gone.txt" in birds.reason
    candidates = await garden.candidates(run.name, leaf="knowledge/**")
    assert {candidate.source.document for candidate in candidates} == {"stays.txt"}
    assert birds.counts.accepted == sum(candidate.end == "accepted" for candidate in candidates)

    # Without the document all else is recalled: only what takes its place is paid for.
    calls = hand.total
    without = knowledge_leaf("knowledge/birds", ("stays.txt",), seeds=2)
    without.seeds[0].context = leaves[0].seeds[0].context
    again = await garden.make(finish(without), leaves[1], recipe="{target: 4, pairs: 2, instructions: 2}")
    assert succeeded(again)
    assert again.progress.recalled > 0
    assert hand.total - calls < 20


async def test_again_it_finds_nothing_and_ends_the_same(garden, store, made):
    await garden.forget("gone.txt")
    before = await objects(store, but="-")
    reported = await garden.forget("gone.txt")
    assert reported.done
    assert not reported.amounts
    assert reported.documents[0].HasField("forget_time")
    assert await objects(store, but="-") == before


async def test_by_its_digest_by_a_glob_and_in_named_leaves_only(garden, made):
    for name in (GONE, "gone.*", "knowledge/*/gone.txt"):
        reported = await garden.forget(name, validate_only=True)
        assert [document.digest for document in reported.documents] == [GONE]
    for wrong in ({"document": "nobody.txt"}, {"document": "gone.txt", "leaf": "knowledge/fish"}):
        error = await refused(garden.forget(**wrong))
        assert error.code() == grpc.StatusCode.NOT_FOUND
        assert "has a document" in error.details()


async def test_who_asks_for_it_afterwards_is_told(garden, made):
    _, run = made
    snapshot = run.snapshot
    await garden.forget("gone.txt")
    error = await refused(garden.create(snapshot, recipe=RECIPE))
    assert (
        f"the snapshot {snapshot} is gone: it held knowledge/birds/gone.txt, forgotten on 20"
        in error.details()
    )


@pytest.mark.slow
async def test_cut_off_at_any_step_and_done_again_it_ends_the_same(nats_url, store, hand, monkeypatch):
    """Every removal and every write of the store in turn is the last one before the end of the process."""
    await sow_texts(store)
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        run = await client.make(two_documents(), recipe=RECIPE)
    cut = 0
    while True:
        cut += 1
        left = cut
        whole = {name: getattr(type(store), name) for name in ("put", "delete")}

        def breaking(name):
            async def broken(self, *values):
                nonlocal left
                left -= 1
                if left < 0:
                    raise RuntimeError("cut off")
                await whole[name](self, *values)  # noqa: B023

            return broken

        with monkeypatch.context() as patch:
            for name in whole:
                patch.setattr(type(store), name, breaking(name))
            async with serve_runs(nats_url, store) as client:
                call = asyncio.ensure_future(client.forget("gone.txt"))
                await asyncio.wait({call})
        if call.exception() is None:
            break
    assert cut > 5
    found = b"".join((await objects(store)).values())
    assert GONE.encode() not in found
    async with serve_runs(nats_url, store) as client:
        assert not (await client.forget("gone.txt")).amounts
        after = await client.get(run.name)
        assert after.state == RunState.RUN_STATE_SHORT


async def test_a_run_at_work_on_it_is_cancelled_and_what_is_left_on_the_bus_goes(garden, store, hand):
    hand.delay = 0.05
    await sow_texts(store)
    snapshot = await garden.sow(two_documents(), skill_leaf())
    name = await garden.create(snapshot, recipe="{target: 60, pairs: 2, instructions: 2}")
    await garden.until(name, 25)
    reported = await garden.forget("gone.txt")
    assert list(reported.cancelled) == [name]
    run = await garden.get(name)
    assert run.state == RunState.RUN_STATE_CANCELLED
    reasons = {leaf.path: leaf.reason for leaf in run.leaves}
    assert reasons["knowledge/birds"] == "it was forgotten on the way: gone.txt"
    await asyncio.sleep(0.5)
    assert not (await garden.forget("gone.txt")).amounts


async def test_dead_letters_of_it_go_and_others_stay(garden, store, hand):
    hand.refused = {"knowledge.generate"}
    run = await garden.make(two_documents(), recipe="{target: 12, pairs: 2}")
    origins = [set(Item.FromString(letter.item).origins) for letter in await garden.letters(run.name)]
    assert any(origin(GONE) in found for found in origins)
    await garden.forget("gone.txt")
    left = [set(Item.FromString(letter.item).origins) for letter in await garden.letters(run.name)]
    assert all(origin(GONE) not in found for found in left)


async def test_checkpoints_trained_on_it_are_named_and_its_datasets_go(garden, store, made):
    leaves, _ = made
    dataset = {"leaves": [{"path": "knowledge/birds", "digest": leaves[0].digest}], "files": []}
    digest = await put_blob(store, json.dumps(dataset).encode())
    await store.put(f"datasets/{digest}/manifest.json", json.dumps(dataset).encode())
    await store.put(f"datasets/{digest}/samples.parquet", b"rows")
    for key, data in (
        ("evaluations/e1/evaluation.json", digest),
        ("evaluations/e1/questions.jsonl", "What?"),
        ("evaluations/e2/evaluation.json", "another"),
        ("evaluations/calls/ab/abcd", "a reply"),
    ):
        await store.put(key, data.encode())
    await store.put("datasets/other/manifest.json", json.dumps({"leaves": []}).encode())
    trained_on = {
        "dataset": digest,
        "leaves": [{"path": "knowledge/birds", "leaf_digest": leaves[0].digest}],
    }
    after = {
        "dataset": digest,
        "leaves": [{"path": "x", "leaf_digest": "y"}],
        "parent": {"training": "t1", "number": 1, "phase": "first"},
    }
    for place, manifest in (
        ("t1/1-first", trained_on),
        ("t1/2-second", after),
        ("t2/1-first", {"leaves": [{"path": "x", "leaf_digest": "y"}]}),
    ):
        await store.put(f"checkpoints/{place}/manifest.json", json.dumps(manifest).encode())
    for _ in range(2):
        reported = await garden.forget("gone.txt")
        assert [c.path for c in reported.checkpoints] == ["checkpoints/t1/1-first", "checkpoints/t1/2-second"]
        assert list(reported.checkpoints[0].leaves) == ["knowledge/birds"]
    assert await store.keys("datasets/") == ["datasets/other/manifest.json"]
    assert await store.keys("evaluations/") == ["evaluations/e2/evaluation.json"]
    stone = await find_tombstone(store, digest)
    assert stone is not None
    assert "the dataset" in stone.describe()
