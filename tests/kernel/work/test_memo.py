import asyncio

import pytest

from seedbed.bus.v1.bus_pb2 import Item, Outcome, Record
from seedbed.kernel.bus.streams import MEMO
from seedbed.kernel.errors import BusError, Damaged
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.store.blobs import blob_key
from seedbed.kernel.work.memo import INLINE_LIMIT, Memo
from tests.kernel.killing import killing
from tests.kernel.waiting import until

KEY = "r.l.d"


@pytest.fixture
async def memo(bus, store):
    return Memo(bus, store)


def record(result=b"result", **fields):
    return Record(step="judge.pair", digest="d", outcome=Outcome.OUTCOME_DONE, result=result, **fields)


async def test_what_is_not_there_is_none(memo):
    assert await memo.get(KEY) is None


async def test_the_first_record_wins(memo):
    first = record()
    assert await memo.create(KEY, first) is first
    assert await memo.create(KEY, record(b"another")) == first
    assert (await memo.get(KEY)).record == first


async def test_of_many_at_once_one_wins_and_all_know_it(memo):
    records = await asyncio.gather(*(memo.create(KEY, record(b"%d" % n)) for n in range(8)))
    assert len({kept.result for kept in records}) == 1


async def test_an_update_holds_at_the_revision_it_was_made_for(memo):
    await memo.create(KEY, record())
    entry = await memo.get(KEY)
    assert await memo.update(KEY, record(followed=True), entry.revision)
    assert not await memo.update(KEY, record(draw=7), entry.revision)
    assert (await memo.get(KEY)).record == record(followed=True)


@pytest.mark.parametrize("size", [INLINE_LIMIT, INLINE_LIMIT + 1, 3 * 1024 * 1024])
async def test_a_large_result_goes_to_the_store_and_comes_back(memo, bus, store, size):
    result = b"x" * size
    large = record(result)
    assert await memo.create(KEY, large) is large
    assert large.result == result
    assert (await memo.get(KEY)).record.result == result
    kept = Record.FromString((await (await bus.bucket(MEMO)).get(KEY)).value)
    away = size > INLINE_LIMIT
    assert bool(kept.result) != away
    assert kept.result_ref == (sha256_hex(result) if away else "")
    assert len(kept.SerializeToString()) < INLINE_LIMIT + 1024


async def test_a_large_result_stays_where_it_is_when_its_record_changes(memo, bus):
    await memo.create(KEY, record(b"x" * (INLINE_LIMIT + 1)))
    entry = await memo.get(KEY)
    entry.record.followed = True
    assert await memo.update(KEY, entry.record, entry.revision)
    entry = await memo.get(KEY)
    assert entry.record.followed
    assert len(entry.record.result) == INLINE_LIMIT + 1
    stored = await (await bus.bucket(MEMO)).get(KEY)
    assert await memo.read(stored.value) == entry.record


async def test_a_result_that_the_store_lost_is_said(memo, store):
    result = b"x" * (INLINE_LIMIT + 1)
    await memo.create(KEY, record(result))
    await store.delete(blob_key(sha256_hex(result)))
    with pytest.raises(Damaged, match=r"damaged: cas/.* is missing"):
        await memo.get(KEY)


async def test_a_key_that_was_purged_can_be_written_again(memo, bus):
    await memo.create(KEY, record())
    await bus.purge(f"KV_{MEMO}", f"$KV.{MEMO}.r.l.>")
    assert await memo.get(KEY) is None
    again = record(b"again")
    assert await memo.create(KEY, again) is again


async def test_a_record_gone_while_it_was_written_is_said(memo, monkeypatch):
    await memo.create(KEY, record())

    async def gone(key):
        return None

    monkeypatch.setattr(memo, "get", gone)
    with pytest.raises(BusError, match="removed while it was written"):
        await memo.create(KEY, record())


@killing
async def test_records_outlive_the_server(memo, bus, nats_server):
    await memo.create(KEY, record())
    nats_server.kill()
    await until(lambda: not bus.client.is_connected)
    reading = asyncio.create_task(memo.get(KEY))
    nats_server.start()
    assert (await asyncio.wait_for(reading, 15)).record == record()


def test_the_limit_is_far_below_what_the_bus_carries():
    assert Item().ByteSize() == 0
    assert INLINE_LIMIT * 3 < 1024 * 1024
