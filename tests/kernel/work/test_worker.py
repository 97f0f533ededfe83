import asyncio

import pytest

from seedbed.bus.v1.bus_pb2 import LeafEntry, LeafState, Outcome, Record, RunEntry, RunState
from seedbed.judge.v1.steps_pb2 import PairVerdict
from seedbed.kernel.bus.streams import RUNS, STEPS, WORK
from seedbed.kernel.work import worker as module
from seedbed.kernel.work.memo import Memo, memo_key, twin_key
from seedbed.pipeline.items import candidate_id
from seedbed.pipeline.recipe import Recipe
from seedbed.skills.v1.steps_pb2 import InstructResult
from tests.kernel.chain import LEAF, RUN, SPECS, Sow, make_plan, open_run, sow, weigh, working
from tests.kernel.looking import done, keys_of, letters, open_items, records, scored
from tests.kernel.waiting import until


@pytest.fixture(autouse=True)
def answers(endpoint):
    endpoint.answer = scored


@pytest.fixture
async def memo(bus, store):
    await open_run(bus)
    return Memo(bus, store)


@pytest.fixture
async def process(memo, nats_server, store, endpoint):
    async with working(nats_server.url, store, endpoint.url) as process:
        yield process


async def test_steps_are_registered(process, bus):
    bucket = await bus.bucket(STEPS)
    assert await keys_of(bus, STEPS) == ["test.sow", "test.weigh"]
    assert (await bucket.get("test.sow")).value == SPECS["test.sow"].SerializeToString(deterministic=True)


async def test_an_item_is_run_recorded_followed_and_acknowledged(process, bus, memo):
    item = sow("seed x soil", draw=3)
    await bus.publish_work(item)
    await done(bus)
    record = (await memo.get(memo_key(item))).record
    assert record.outcome == Outcome.OUTCOME_DONE
    assert record.followed
    assert not record.recalled
    assert (record.step, record.digest, record.draw) == ("test.sow", item.digest, 3)
    assert record.spec == SPECS.digests["test.sow"]
    assert list(InstructResult.FromString(record.result).instructions) == ["seed", "x", "soil"]
    seed, x, soil = (candidate_id(item.digest, n) for n in range(3))
    assert [(a.step, a.candidate) for a in record.announced] == [("test.weigh", seed), ("test.weigh", soil)]
    assert [(d.candidate, d.end, d.reason) for d in record.dropped] == [(x, "rejected", "an x")]
    verdict = (await memo.get(f"{RUN}.{LEAF}.test.weigh.{record.announced[0].digest}")).record
    assert (verdict.candidate, verdict.draw, verdict.usage.requests) == (seed, 3, 1)
    assert PairVerdict.FromString(verdict.result).score == 4
    assert await letters(bus) == []


async def test_the_same_item_again_costs_nothing(process, bus, memo, endpoint):
    for _ in range(2):
        await bus.publish_work(sow("seed soil"))
        await done(bus)
    assert process.sow.runs == 1
    assert len(endpoint.bodies) == 2
    assert len(await records(bus, memo)) == 3


async def test_a_record_brought_in_is_followed_but_not_run(process, bus, memo):
    item = sow("seed soil", draw=5)
    result = InstructResult(instructions=["other", "words", "here"]).SerializeToString()
    brought = Record(step="test.sow", digest=item.digest, outcome=Outcome.OUTCOME_DONE, result=result, draw=9)
    brought.usage.requests = 1
    await memo.create(memo_key(item), brought)
    await bus.publish_work(item)
    await done(bus)
    assert process.sow.runs == 0
    record = (await memo.get(memo_key(item))).record
    assert record.followed
    assert record.recalled
    assert (record.result, record.usage.requests, record.draw) == (result, 1, 5)
    assert len(record.announced) == 3
    assert len(await records(bus, memo)) == 4


async def test_two_candidates_that_ask_the_same_share_the_result(process, bus, memo, endpoint):
    one, other = weigh("seed", "one"), weigh("seed", "other", draw=1)
    assert one.digest == other.digest
    await bus.publish_work(one)
    await done(bus)
    await bus.publish_work(other)
    await done(bus)
    assert len(endpoint.bodies) == 1
    first, second = (await memo.get(memo_key(one))).record, (await memo.get(twin_key(other))).record
    assert first.result == second.result
    assert (first.candidate, first.draw, first.recalled) == ("one", 0, False)
    assert (second.candidate, second.draw, second.recalled) == ("other", 1, True)
    # Once more, and nothing changes.
    await bus.publish_work(other)
    await done(bus)
    assert len(await records(bus, memo)) == 2


async def test_twins_at_the_same_time_each_have_their_record(process, bus, memo):
    twins = [weigh("seed", f"c{number}") for number in range(6)]
    for twin in twins:
        await bus.publish_work(twin)
    await done(bus)
    kept = await records(bus, memo)
    assert {record.candidate for record in kept.values()} == {twin.candidate for twin in twins}
    assert len(kept) == 6


@pytest.mark.parametrize(
    ("word", "outcome", "reason", "requests"),
    [
        ("malformed", Outcome.OUTCOME_MALFORMED, "asked 3 times", 3),
        ("refused", Outcome.OUTCOME_FAILED, "not this word", 1),
        ("정악" * 20_000, Outcome.OUTCOME_FAILED, "make the chunks or seed examples smaller", 0),
    ],
    # What is named by such a word has no room in the environment of the processes that it starts.
    ids=["malformed", "refused", "too-long"],
)
async def test_what_follows_the_item_is_recorded_and_told(
    process, bus, memo, word, outcome, reason, requests
):
    item = weigh(word)
    await bus.publish_work(item)
    await done(bus)
    record = (await memo.get(memo_key(item))).record
    assert record.outcome == outcome
    assert reason in record.reason
    assert record.followed
    assert record.usage.requests == requests
    [letter] = await letters(bus)
    assert (letter.run, letter.leaf, letter.step, letter.digest) == (RUN, LEAF, "test.weigh", item.digest)
    assert (letter.outcome, letter.reason, letter.usage) == (outcome, record.reason, record.usage)
    assert letter.item == item.SerializeToString()


async def test_an_item_of_an_ended_run_is_acknowledged(process, bus, memo):
    await open_run(bus, state=RunState.RUN_STATE_SUCCEEDED)
    await asyncio.sleep(0.1)
    await bus.publish_work(sow("seed"))
    await done(bus)
    assert process.sow.runs == 0


async def test_an_item_of_a_run_nobody_knows_is_acknowledged(process, bus, memo):
    item = sow("seed")
    item.run = "unknown"
    await bus.publish_work(item)
    await done(bus)
    assert process.sow.runs == 0


@pytest.mark.parametrize("state", [LeafState.LEAF_STATE_SEALED, LeafState.LEAF_STATE_CANCELLED])
async def test_an_item_of_a_closed_leaf_is_acknowledged(process, bus, memo, state):
    entry = LeafEntry(run=RUN, leaf=LEAF, state=state)
    await (await bus.bucket(RUNS)).put(f"{RUN}.{LEAF}", entry.SerializeToString())
    await asyncio.sleep(0.1)
    await bus.publish_work(sow("seed"))
    await done(bus)
    assert process.sow.runs == 0


async def test_a_plan_with_another_version_is_left_alone(process, bus, memo, monkeypatch):
    monkeypatch.setattr(module, "OTHER_PLAN_DELAY", 0.1)
    plan = make_plan()
    plan.steps[0].version += 1
    plan.run = "newer"
    await (await bus.bucket(RUNS)).put(
        "newer", RunEntry(plan=plan, state=RunState.RUN_STATE_RUNNING).SerializeToString()
    )
    item = sow("seed")
    item.run = "newer"
    await bus.publish_work(item)

    async def looked_at():
        return (await bus.js.consumer_info(WORK, "test_sow")).num_redelivered > 0

    await until(looked_at)
    await open_items(bus, 1)
    assert process.sow.runs == 0


def test_a_step_without_a_teacher_has_none_in_its_spec():
    assert Sow().spec("tiny").model == ""


async def test_where_nobody_may_be_asked_an_item_is_skipped(bus, nats_server, store, endpoint):
    plan = make_plan()
    plan.recipe = Recipe(refill=False).canonical()
    await open_run(bus, plan)
    async with working(nats_server.url, store, endpoint.url) as process:
        await bus.publish_work(sow("seed soil"))
        await done(bus)
    assert endpoint.bodies == []
    # What needs no teacher is done.
    assert process.sow.runs == 1
    found = await records(bus, Memo(bus, store))
    skipped = ("test.weigh", Outcome.OUTCOME_SKIPPED, "not filled up (--no-refill)")
    ends = sorted((record.step, record.outcome, record.reason) for record in found.values())
    assert ends == [("test.sow", Outcome.OUTCOME_DONE, ""), skipped, skipped]
    assert await letters(bus) == []
