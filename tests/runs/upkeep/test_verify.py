"""Damage of every kind is found and named; repaired, the next run makes again what was lost, only that."""

from datetime import timedelta

import grpc
import pytest

from seedbed.bus.v1.bus_pb2 import LeafState, RunEntry, RunState
from seedbed.kernel.bus.streams import MEMO, RUNS, TRAININGS
from seedbed.kernel.identity import message_bytes, sha256_hex
from seedbed.kernel.store.blobs import blob_key, put_blob
from seedbed.kernel.store.checksums import enclose
from seedbed.kernel.store.connect import open_store
from seedbed.kernel.store.leaf_commits import commit_key, write_commit
from seedbed.kernel.work.memo import INLINE_LIMIT
from seedbed.knowledge.v1.steps_pb2 import Chunk, ChunkResult
from seedbed.runs.storage.seals import Seals
from seedbed.runs.v1 import runs_service_pb2 as pb
from seedbed.runs.v1 import store_service_pb2 as spb
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointRef
from tests.kernel.looking import keys_of
from tests.runs.damaging import HARMS, empty, flip, remove
from tests.runs.garden import connect, refused, serve_runs, succeeded, work
from tests.runs.leaves import knowledge_leaf, skill_leaf

BIRDS, VERSE = knowledge_leaf(), skill_leaf()
RECIPE = "{target: 8, pairs: 2, instructions: 2}"
TEXT = sha256_hex("a.txt")
"""Of the document as well as of its text: the steps here make the one the other."""


async def verify(client):
    answers = [a async for a in client.upkeep.Verify(spb.VerifyRequest(), timeout=30)]
    assert answers[-1].done
    return [fault for answer in answers for fault in answer.faults]


async def repair(client):
    answers = [a async for a in client.upkeep.Repair(spb.RepairRequest(confirm=True), timeout=30)]
    assert answers[-1].done
    return [fault for answer in answers for fault in answer.faults]


def named(faults):
    return {(fault.kind, fault.key) for fault in faults}


async def make(client, store):
    await put_blob(store, b"a.txt")
    run = await client.make(BIRDS, VERSE, recipe=RECIPE)
    assert succeeded(run)
    return run.name, await client.parts(run.name)


async def seals_of(store, path):
    return [key for key in await store.keys(f"seals/{path}/") if not key.endswith(".json")]


async def sealed_in(store, path):
    seals = Seals(store)
    return {record.digest for key in await seals.listed(path) for record in await seals.open(key) or ()}


def states(run):
    return {leaf.path: leaf.state for leaf in run.leaves}


async def check_mended(client, store, hand, made, *, kind, key, harms=HARMS, repeated=0):
    """Each harm in turn: found, named with its leaf, mended, and the dataset the same as before."""
    name, parts = made
    for how, harm in harms.items():
        await harm(store, key)
        faults = await verify(client)
        assert (kind, key) in named(faults), how
        assert {(fault.run, fault.leaf) for fault in faults} == {(name, BIRDS.path)}
        assert named(await repair(client)) == named(faults)
        assert await verify(client) == []
        asked = len(hand.asked)
        run = await client.make(BIRDS, VERSE, recipe=RECIPE)
        assert (run.name, succeeded(run)) == (name, True), (how, [leaf.reason for leaf in run.leaves])
        assert await client.parts(name) == parts
        assert len(hand.asked) - asked <= repeated


async def test_nothing_is_wrong(garden, store):
    await make(garden, store)
    before = {key: await store.get(key) for key in await store.keys("")}
    assert await verify(garden) == []
    assert {key: await store.get(key) for key in await store.keys("")}.items() >= before.items()


async def test_a_part(garden, store, hand):
    made = await make(garden, store)
    await check_mended(garden, store, hand, made, kind="part", key=blob_key(made[1][BIRDS.path]))


async def test_a_part_whose_leaf_has_no_seals_any_more_costs_that_leaf_alone(garden, store, hand):
    name, parts = await make(garden, store)
    await flip(store, blob_key(parts[BIRDS.path]))
    for key in await store.keys("seals/"):
        await store.delete(key)
    await repair(garden)
    verse = {item for item in hand.asked if item}
    asked = len(hand.asked)
    assert succeeded(await garden.make(BIRDS, VERSE, recipe=RECIPE))
    assert await garden.parts(name) == parts
    # Each of them was asked before, and each of the other leaf only once.
    again = hand.asked[asked:]
    assert again
    assert set(again) <= verse
    assert len(again) == len(set(again))


async def test_a_seal(garden, store, hand):
    made = await make(garden, store)
    kept = {key: await store.get(key) for key in await store.keys(f"seals/{BIRDS.path}/")}
    key = (await seals_of(store, BIRDS.path))[0]
    for how, harm in HARMS.items():
        for name, data in kept.items():
            await store.put(name, data)
        await check_mended(garden, store, hand, made, kind="seal", key=key, harms={how: harm})
        assert key not in await store.keys("seals/")


async def test_a_seal_that_stopped_a_leaf_costs_what_was_in_it_alone(garden, store, hand):
    await make(garden, store)
    other = "{target: 9, pairs: 2, instructions: 2}"
    assert succeeded(await garden.make(VERSE, recipe=other))
    skills = hand.calls["skills.instruct"]
    for key in await seals_of(store, BIRDS.path):
        await flip(store, key)
    stopped = await garden.make(BIRDS, VERSE, recipe=other)
    assert [leaf.state for leaf in stopped.leaves if leaf.path == BIRDS.path] == [
        LeafState.LEAF_STATE_DAMAGED
    ]
    await repair(garden)
    asked = len(hand.asked)
    assert succeeded(await garden.make(BIRDS, VERSE, recipe=other))
    assert set(hand.asked[asked:]) & set(hand.asked[:asked])
    # Of the other leaf nothing was lost.
    assert len(hand.asked) - len(set(hand.asked)) == len(set(hand.asked[asked:]) & set(hand.asked[:asked]))
    assert hand.calls["skills.instruct"] == skills


async def test_an_index(garden, store, hand):
    made = await make(garden, store)
    seals = await seals_of(store, BIRDS.path)
    key = f"seals/{BIRDS.path}/index.json"
    harms = {name: harm for name, harm in HARMS.items() if name != "flipped"}
    await check_mended(garden, store, hand, made, kind="index", key=key, harms=harms)
    assert await seals_of(store, BIRDS.path) == seals
    # A flipped letter of a name is a seal that is not there.
    data = await store.get(key)
    await store.put(key, data.replace(data[2:3], b"a" if data[2:3] != b"a" else b"b", 1))
    assert {fault.kind for fault in await verify(garden)} == {"seal"}
    await repair(garden)
    assert await verify(garden) == []
    assert set(await Seals(store).listed(BIRDS.path)) == set(seals)


async def garden_keys(garden, store):
    import json  # noqa: PLC0415

    return [
        f"seals/{BIRDS.path}/{name}" for name in json.loads(await store.get(f"seals/{BIRDS.path}/index.json"))
    ]


async def test_a_text_has_its_leaf_made_again_without_a_call(garden, store, hand):
    made = await make(garden, store)
    for how, harm in HARMS.items():
        await harm(store, blob_key(TEXT))
        faults = await verify(garden)
        assert {fault.kind for fault in faults} == {"document", "text"}, how
        assert [fault.mendable for fault in faults if fault.kind == "document"] == [False]
        await repair(garden)
        # Nobody can make a document again from here: it has to be imported.
        left = await verify(garden)
        assert {fault.kind for fault in left} <= {"document", "text"}
        assert all("import the taxonomy again" in f.remedy for f in left if f.kind == "document")
        assert (await garden.get(made[0])).state == RunState.RUN_STATE_SHORT
        await put_blob(store, b"a.txt")
        calls = hand.total
        run = await garden.make(BIRDS, VERSE, recipe=RECIPE)
        assert (succeeded(run), hand.total) == (True, calls)
        assert await garden.parts(made[0]) == made[1]
        assert await verify(garden) == []


async def test_a_commit_and_a_cut(garden, store, hand):
    cut = ChunkResult(text=TEXT, converter="plain-1", chunks=[Chunk(text="a", start=0, end=1)], total=1)
    objects = {
        "commit": (commit_key(BIRDS.digest), write_commit(BIRDS.path, BIRDS.digest, "ab" * 20)),
        "cut": (f"cuts/{TEXT}/plain-1/400-1/100", enclose(message_bytes(cut))),
    }
    await make(garden, store)
    for kind, (key, data) in objects.items():
        for harm in (flip, HARMS["truncated"], empty):
            await store.put(key, data)
            assert await verify(garden) == []
            await harm(store, key)
            (fault,) = await verify(garden)
            assert (fault.kind, fault.key, fault.leaf) == (kind, key, BIRDS.path)
            await repair(garden)
            assert await verify(garden) == []
            assert key not in await store.keys("")


async def test_a_snapshot_has_to_be_imported_again(garden, store, hand):
    name, parts = await make(garden, store)
    snapshot = (await garden.get(name)).snapshot
    for harm in HARMS.values():
        await harm(store, f"snapshots/{snapshot}")
        (fault,) = await verify(garden)
        assert (fault.kind, fault.run, fault.mendable) == ("snapshot", name, False)
        await repair(garden)
        assert [fault.what for fault in await verify(garden)] == ["is missing"]
        assert succeeded(await garden.make(BIRDS, VERSE, recipe=RECIPE))
        assert await verify(garden) == []
        assert await garden.parts(name) == parts


async def test_a_large_result(nats_url, store, hand):
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        name, parts = await make(client, store)
        seals = Seals(store)
        key = (await seals_of(store, BIRDS.path))[0]
        records = await seals.open(key) or []
        record = next(r for r in records if r.step == "knowledge.generate")
        large = b"x" * (INLINE_LIMIT + 1)
        record.result_ref, record.result = await put_blob(store, large), b""
        await seals.replace(key, records)
        kept = {key: await store.get(key) for key in await store.keys(f"seals/{BIRDS.path}/")}
        before = await sealed_in(store, BIRDS.path)
        for harm in HARMS.values():
            for seal, data in kept.items():
                await store.put(seal, data)
            await put_blob(store, large)
            assert await verify(client) == []
            await harm(store, blob_key(record.result_ref))
            (fault,) = await verify(client)
            assert (fault.kind, fault.leaf) == ("result", BIRDS.path)
            await repair(client)
            assert await verify(client) == []
            assert await sealed_in(store, BIRDS.path) == before - {record.digest}
        assert await client.parts(name) == parts


async def test_folders_of_files(garden, store):
    await make(garden, store)
    data = b"rows"
    manifest = b'{"files": [{"name": "f.parquet", "sha256": "%s", "bytes": 4}]}' % sha256_hex(data).encode()
    for folder in (f"datasets/{sha256_hex(manifest)}", "checkpoints/t1/1-kt1", "evaluations/e1"):
        for harm in HARMS.values():
            await store.put(f"{folder}/f.parquet", data)
            await store.put(f"{folder}/manifest.json", manifest)
            assert await verify(garden) == []
            await harm(store, f"{folder}/f.parquet")
            (fault,) = await verify(garden)
            assert (fault.key, fault.mendable) == (f"{folder}/f.parquet", True)
            await repair(garden)
            assert await store.keys(f"{folder}/") == []
            assert await verify(garden) == []


async def test_a_training_whose_checkpoint_is_damaged_is_not_known_any_more(garden, store, nats_url):
    manifest = b'{"files": []}'
    await store.put("checkpoints/t1/1-kt1/manifest.json", manifest)
    async with connect(nats_url) as bus:
        bucket = await bus.bucket(TRAININGS)
        for name in ("t1", "t2"):
            await bucket.put(name, b"")
        await empty(store, "checkpoints/t1/1-kt1/manifest.json")
        assert {fault.kind for fault in await verify(garden)} == {"checkpoint"}
        await repair(garden)
        assert await keys_of(bus, TRAININGS) == ["t2"]


async def test_what_leads_to_a_checkpoint_may_be_damaged_itself(garden, store):
    for data in (b"", b"\xff", CheckpointRef(training="t/../x", digest="no").SerializeToString()):
        await store.put("phases/a", data)
        assert await verify(garden) == []


async def test_a_record_on_the_bus(nats_url, store, hand):
    hand.delay = 0.05
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        await put_blob(store, b"a.txt")
        run = await client.create(await client.sow(BIRDS, VERSE), recipe=RECIPE)
        await client.until(run, 6)
    async with connect(nats_url) as bus:
        bucket = await bus.bucket(MEMO)
        key = (await keys_of(bus, MEMO))[0]
        await bucket.put(key, b"\xff\xff")
    async with serve_runs(nats_url, store, resume=False) as client:
        assert named(await verify(client)) == {("record", key)}
        await repair(client)
        assert await verify(client) == []
    async with serve_runs(nats_url, store, resume=False) as client, work(nats_url, store, hand):
        assert succeeded(await client.make(BIRDS, VERSE, recipe=RECIPE))


@pytest.mark.parametrize("loss", ["purged", "a leaf", "the run", "unreadable", "earlier"])
async def test_the_book_of_runs(nats_url, store, hand, loss):
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        name, parts = await make(client, store)
    async with connect(nats_url) as bus:
        await harm_book(bus, store, name, loss)
    async with serve_runs(nats_url, store, resume=False) as client, work(nats_url, store, hand):
        faults = await verify(client)
        assert {(fault.kind, fault.run) for fault in faults} == {("entry", name)}
        await repair(client)
        assert await verify(client) == []
        asked = len(hand.asked)
        run = await client.get(name)
        assert succeeded(run), [leaf.reason for leaf in run.leaves]
        assert await client.parts(name) == parts
        assert succeeded(await client.make(BIRDS, VERSE, recipe=RECIPE))
        assert len(hand.asked) == asked
        assert (await client.collect(keep_all=True, grace=timedelta())).done


async def harm_book(bus, store, name, loss):
    bucket = await bus.bucket(RUNS)
    keys = await keys_of(bus, RUNS)
    match loss:
        case "purged":
            await bus.empty(f"KV_{RUNS}")
        case "a leaf":
            await bus.purge(f"KV_{RUNS}", f"$KV.{RUNS}.{keys[1]}")
        case "the run":
            await bus.purge(f"KV_{RUNS}", f"$KV.{RUNS}.{name}")
        case "unreadable":
            for key in keys[:2]:
                await bucket.put(key, b"\xff\xff")
        case "earlier":
            entry = RunEntry.FromString((await bucket.get(name)).value)
            entry.state, entry.end_time = RunState.RUN_STATE_RUNNING, 0
            await bus.js.delete_stream(f"KV_{RUNS}")
            await bus.prepare()
            bus._buckets.clear()
            await (await bus.bucket(RUNS)).put(name, entry.SerializeToString())


async def test_a_copy_of_the_book_that_is_damaged_is_written_again_by_itself(nats_url, store, hand):
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        name, _ = await make(client, store)
    whole = await store.get(f"runs/{name}")
    await empty(store, f"runs/{name}")
    async with serve_runs(nats_url, store) as client:
        await client.get(name)
    assert await store.get(f"runs/{name}") == whole


async def test_a_book_without_copies_has_what_it_lost_made_again(nats_url, store, hand):
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        name, parts = await make(client, store)
    async with connect(nats_url) as bus:
        await harm_book(bus, store, name, "a leaf")
    await remove(store, f"runs/{name}")
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        (fault,) = await verify(client)
        assert (fault.kind, fault.run) == ("entry", name)
        await repair(client)
        assert [leaf.state for leaf in (await client.get(name)).leaves].count(
            LeafState.LEAF_STATE_DAMAGED
        ) == 1
        asked = len(hand.asked)
        assert succeeded(await client.make(BIRDS, VERSE, recipe=RECIPE))
        assert (await client.parts(name), len(hand.asked)) == (parts, asked)


async def test_a_repair_is_confirmed_and_waits_for_runs_that_go_on(garden, store, hand):
    await make(garden, store)
    error = await refused(garden.upkeep.Repair(spb.RepairRequest(), timeout=9).read())
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    hand.delay = 0.2
    run = await garden.create(await garden.sow(BIRDS), target=20)
    error = await refused(garden.upkeep.Repair(spb.RepairRequest(confirm=True), timeout=9).read())
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert run in error.details()


async def test_a_part_that_turns_out_damaged_as_it_is_read_ends_its_leaf(garden, store, hand):
    name, parts = await make(garden, store)
    await flip(store, blob_key(parts[BIRDS.path]))
    request = pb.ReadPartRequest(run=name, part=parts[BIRDS.path])
    error = await refused(garden.stub.ReadPart(request, timeout=9).read())
    assert error.code() == grpc.StatusCode.DATA_LOSS
    leaf = next(leaf for leaf in (await garden.get(name)).leaves if leaf.path == BIRDS.path)
    assert leaf.state == LeafState.LEAF_STATE_DAMAGED
    assert leaf.reason.startswith("damaged: cas/")
    assert set(await garden.parts(name)) == {VERSE.path}
    asked = len(hand.asked)
    assert succeeded(await garden.make(BIRDS, VERSE, recipe=RECIPE))
    assert (await garden.parts(name), len(hand.asked)) == (parts, asked)


@pytest.mark.s3
async def test_in_a_real_s3_store(nats_url, s3_url, s3_server, hand):
    store = await open_store(s3_url, access_key=s3_server.access_key, secret_key=s3_server.secret_key)
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        made = await make(client, store)
        await check_mended(client, store, hand, made, kind="part", key=blob_key(made[1][BIRDS.path]))
