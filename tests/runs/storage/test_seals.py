import json

import pytest

from seedbed.bus.v1.bus_pb2 import Outcome, Record
from seedbed.kernel.errors import Damaged
from seedbed.kernel.store.connect import open_store
from seedbed.kernel.work.memo import INLINE_LIMIT
from seedbed.runs.storage.seals import Seals

PATH = "knowledge/birds"


def record(digest, *, spec="s", outcome=Outcome.OUTCOME_DONE, **values):
    return Record(step="judge.pair", digest=digest, spec=spec, outcome=outcome, **values)


@pytest.fixture
def seals(store):
    return Seals(store)


async def test_what_is_kept_is_read_again(seals):
    records = [record("b", result=b"two"), record("a", result=b"one", reason="why")]
    for made in records:
        made.usage.requests = 3
    await seals.write(PATH, records)
    found = {r.digest: r async for r in seals.read(PATH, {"s"})}
    assert found == {r.digest: r for r in records}
    assert [r async for r in seals.read("knowledge", {"s"})] == []


async def test_what_is_a_runs_own_is_left_out(seals):
    own = record("a", followed=True, draw=7, candidate="c", recalled=True)
    own.announced.add(digest="x")
    own.dropped.add(candidate="c")
    await seals.write(PATH, [own])
    (found,) = [r async for r in seals.read(PATH, {"s"})]
    assert (found.digest, found.followed, found.draw, found.candidate) == ("a", False, 0, "")
    assert not found.announced
    assert not found.dropped


async def test_equal_records_are_the_same_object(seals, store):
    names = {await seals.write(PATH, [record("a"), record("b")]) for _ in range(2)}
    assert len(names) == 1
    (name,) = names
    assert json.loads(await store.get(f"seals/{PATH}/index.json")) == [name]


async def test_only_what_the_plan_reaches_is_read(seals):
    await seals.write(PATH, [record("a", spec="s"), record("b", spec="old")])
    assert [r.digest async for r in seals.read(PATH, {"s"})] == ["a"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_a_success_wins_over_a_failure(seals, order):
    both = [record("a", outcome=Outcome.OUTCOME_FAILED), record("a", result=b"well")]
    for index in order:
        await seals.write(PATH, [both[index]])
    assert [r.result async for r in seals.read(PATH, {"s"})] == [b"well"]


async def test_of_two_successes_the_first_stays(seals):
    for result in (b"one", b"two"):
        await seals.write(PATH, [record("a", result=result)])
    assert [r.result async for r in seals.read(PATH, {"s"})] == [b"one"]


async def test_failures_that_are_retried_are_left_out_but_no_success(seals):
    await seals.write(PATH, [record("a", outcome=Outcome.OUTCOME_MALFORMED), record("b", result=b"well")])
    assert [r.digest async for r in seals.read(PATH, {"s"}, but={"a", "b"})] == ["b"]


async def test_large_results_are_kept_beside(seals, store):
    large = b"x" * (INLINE_LIMIT + 1)
    await seals.write(PATH, [record("a", result=large)])
    (found,) = [r async for r in seals.read(PATH, {"s"})]
    assert not found.result
    assert found.result_ref
    assert len(await store.keys("cas/")) == 1


async def test_a_damaged_seal_is_refused(seals, store):
    name = await seals.write(PATH, [record("a")])
    await store.put(f"seals/{PATH}/{name}", b"something else")
    with pytest.raises(Damaged, match=f"damaged: seals/{PATH}/{name}"):
        [r async for r in seals.read(PATH, {"s"})]


async def test_a_damaged_index_is_refused(seals, store):
    await store.put(f"seals/{PATH}/index.json", b"[")
    with pytest.raises(Damaged, match=r"damaged: seals/.*index\.json"):
        [r async for r in seals.read(PATH, {"s"})]


@pytest.mark.s3
async def test_in_a_real_s3_store(s3_url, s3_server):
    store = await open_store(s3_url, access_key=s3_server.access_key, secret_key=s3_server.secret_key)
    seals = Seals(store)
    await seals.write(PATH, [record("a", outcome=Outcome.OUTCOME_FAILED)])
    await seals.write(PATH, [record("a", result=b"well"), record("b")])
    assert {r.digest: r.outcome async for r in seals.read(PATH, {"s"})} == {
        "a": Outcome.OUTCOME_DONE,
        "b": Outcome.OUTCOME_DONE,
    }
