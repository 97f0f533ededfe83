"""Runs with a budget: they stay within it, say why they end, and raising it pays for nothing twice."""

import asyncio
import random
from collections import Counter

import pytest

from seedbed.bus.v1.bus_pb2 import RunState
from seedbed.kernel.identity import sha256_hex
from seedbed.pipeline.costs import Spending
from seedbed.pipeline.recipe import read_recipe
from seedbed.runs.v1 import runs_service_pb2 as pb
from tests.runs.garden import refused, serve_runs, spawn_runs, succeeded, work
from tests.runs.leaf_states import do, part_of, run_within_budget
from tests.runs.leaves import knowledge_leaf, skill_leaf
from tests.runs.steps import reply

LEAVES = (
    knowledge_leaf(),
    skill_leaf("compositional_skills/a"),
    skill_leaf("compositional_skills/b", grounded=True),
)
CALLS = 180
DRAW = 3 * 8
"""What one draw of the dearest leaf may take."""
WIDE = "target: 30, pairs: 2, instructions: 2"
TIGHT = f"{{{WIDE}, budget: {{calls: {CALLS}}}}}"
PLENTY = f"{{{WIDE}, budget: {{calls: 5000}}}}"
IN_HAND = 2 * 9


@pytest.fixture(scope="module")
def parts():
    """What the tight run must come to: the same as without a bus, a store or a worker."""
    return parts_of(run_within_budget(LEAVES, read_recipe(TIGHT)))


def parts_of(states):
    return {state.leaf.path: sha256_hex(part_of(state)) for state in states}


def spent(states):
    return sum((state.budget.spent(state.fold.ledger) for state in states), Spending())


def recorded(run):
    return sum(step.recorded.requests for leaf in run.leaves for step in leaf.counts.steps)


@pytest.mark.parametrize("calls", [30, 80, 180])
def test_all_is_used_but_for_what_a_draw_may_take(calls):
    recipe = read_recipe(f"{{{WIDE}, budget: {{calls: {calls}}}}}")
    states = run_within_budget(LEAVES, recipe)
    assert calls - DRAW < spent(states).calls <= calls
    assert all("the budget is spent" in state.shortfall() for state in states)


def test_whoever_comes_first_the_parts_are_the_same(parts):
    for seed in range(4):
        assert parts == parts_of(run_within_budget(LEAVES, read_recipe(TIGHT), luck=random.Random(seed)))


@pytest.mark.parametrize("measure", ["calls: 300", "tokens: 400000"])
def test_replies_that_are_asked_for_again_do_not_break_it(monkeypatch, measure):
    """Every item may be asked up to three times, and no two are equally long."""

    def dear(state, item, answer=reply):
        record, children = do(state, item, answer)
        luck = random.Random(item.digest)
        record.usage.requests = luck.choice((1, 1, 2, 3))
        record.usage.prompt_tokens = record.usage.requests * luck.randrange(800, 1200)
        record.usage.completion_tokens = record.usage.requests * luck.randrange(0, 300)
        return record, children

    monkeypatch.setattr("tests.runs.leaf_states.do", dear)
    states = run_within_budget(LEAVES, read_recipe(f"{{{WIDE}, budget: {{{measure}}}}}"))
    limits = states[0].budget.tariff.limits
    assert limits.part(3, 4).calls <= spent(states).calls <= limits.calls
    assert limits.part(3, 4).tokens <= spent(states).tokens <= limits.tokens


async def test_a_run_ends_within_its_budget_and_says_so(garden, hand, parts):
    run = await garden.make(*LEAVES, recipe=TIGHT)
    assert run.state == RunState.RUN_STATE_SHORT
    assert CALLS - DRAW < recorded(run) == len(hand.asked) <= CALLS
    for leaf in run.leaves:
        assert 0 < leaf.counts.accepted < 30
        assert f"the budget is spent: {recorded(run)} of {CALLS} calls; one more draw may take" in leaf.reason
    assert await garden.parts(run.name) == parts


async def test_raising_the_budget_goes_on_and_pays_for_nothing_twice(garden, hand):
    tight = await garden.make(*LEAVES, recipe=TIGHT)
    before = set(hand.asked)
    wide = await garden.make(*LEAVES, recipe=PLENTY)
    assert wide.name != tight.name
    assert succeeded(wide)
    assert len(hand.asked) == len(set(hand.asked))
    assert wide.progress.requests == len(set(hand.asked) - before)
    assert recorded(wide) == len(hand.asked)
    # Back to the tight one: it is the same run as before.
    assert await garden.create(await garden.sow(*LEAVES), recipe=TIGHT) == tight.name


async def test_an_ample_budget_changes_no_sample(garden):
    plain = await garden.make(*LEAVES, recipe=f"{{{WIDE}}}")
    wide = await garden.make(*LEAVES, recipe=PLENTY)
    assert await garden.parts(plain.name) == await garden.parts(wide.name)


async def test_what_a_leaf_leaves_over_goes_to_the_others(garden):
    """One leaf has nothing to draw from: its share is not lost."""
    empty = knowledge_leaf("knowledge/void", documents=("empty.txt",))
    run = await garden.make(empty, skill_leaf(), recipe=f"{{{WIDE}, budget: {{calls: 150}}}}")
    skill, void = run.leaves
    assert "no document gave a chunk" in void.reason
    assert sum(step.recorded.requests for step in skill.counts.steps) > 75
    assert recorded(run) <= 150


async def test_where_no_share_is_enough_for_a_first_draw_the_others_learn_from_the_first(garden):
    """Nothing is on record yet, so a draw is taken to be dear; then it turns out to be cheap."""
    recipe = f"{{{WIDE}, budget: {{tokens: 60000}}}}"
    run = await garden.make(*LEAVES, recipe=recipe)
    assert succeeded(run)
    states = run_within_budget(LEAVES, read_recipe(recipe))
    assert not any(state.budget.tariff.limits.part(1, 3).tokens > 55_000 for state in states)
    assert await garden.parts(run.name) == parts_of(states)


async def test_cancelled_and_begun_again_it_comes_to_the_same(garden, hand, parts):
    hand.delay = 0.01
    snapshot = await garden.sow(*LEAVES)
    name = await garden.create(snapshot, recipe=TIGHT)
    for asked in (40, 110, 150):
        async with asyncio.timeout(30):
            while len(hand.asked) < asked:  # noqa: ASYNC110  a number has no event
                await asyncio.sleep(0.02)
        await garden.stub.CancelRun(pb.CancelRunRequest(run=name), timeout=9)
        assert await garden.create(snapshot, recipe=TIGHT) == name
    run = await garden.watch(name)
    assert (run.state, await garden.parts(name)) == (RunState.RUN_STATE_SHORT, parts)
    assert recorded(run) <= CALLS


async def test_another_run_over_the_same_records_comes_to_the_same(garden, hand, nats_url, parts):
    """An edit of one leaf: what it takes off and what it adds is within the budget, too."""
    await garden.make(*LEAVES, recipe=TIGHT)
    calls = len(hand.asked)
    other = (*LEAVES[:2], skill_leaf("compositional_skills/b", grounded=True, seeds=3))
    edited = await garden.make(*other, recipe=TIGHT)
    assert recorded(edited) <= CALLS
    assert await garden.parts(edited.name) == parts_of(run_within_budget(other, read_recipe(TIGHT)))
    assert len(hand.asked) - calls == edited.progress.requests < recorded(edited)


@pytest.mark.slow
async def test_killed_on_the_way_it_comes_to_the_same(nats_url, store, hand, parts, tmp_path):
    hand.delay, name = 0.02, ""
    for requests in (30, 90, 150):
        async with spawn_runs(nats_url, store, tmp_path) as (process, client), work(nats_url, store, hand):
            name = await client.create(await client.sow(*LEAVES), recipe=TIGHT)
            await client.until(name, requests)
            process.kill()
            process.wait()
    hand.delay = 0
    async with spawn_runs(nats_url, store, tmp_path) as (_, client), work(nats_url, store, hand):
        run = await client.watch(name)
        assert (run.state, await client.parts(name)) == (RunState.RUN_STATE_SHORT, parts)
    assert recorded(run) == len(set(hand.asked)) <= CALLS
    assert len(hand.asked) - len(set(hand.asked)) <= 3 * IN_HAND


async def test_a_retried_leaf_spends_no_more_than_is_left(garden, hand):
    hand.refused = {"skills.respond"}
    run = await garden.make(*LEAVES, recipe=TIGHT)
    hand.refused = set()
    request = pb.RetryDeadLettersRequest(run=run.name)
    assert (await garden.stub.RetryDeadLetters(request, timeout=9)).retried
    again = await garden.watch(run.name)
    assert again.progress.dead == 0
    assert recorded(again) <= CALLS
    assert Counter(hand.asked).most_common(1)[0][1] == 2


async def test_a_budget_too_small_for_anything_is_refused(garden):
    call = pb.CreateRunRequest(snapshot=await garden.sow(*LEAVES), recipe="budget: {calls: 3}")
    error = await refused(garden.stub.CreateRun(call, timeout=9))
    assert "too small for a single draw" in error.details()


async def test_who_asks_nobody_needs_no_budget(nats_url, store, hand):
    async with serve_runs(nats_url, store) as client, work(nats_url, store, hand):
        await client.make(*LEAVES, recipe=PLENTY)
        calls = hand.total
        none = await client.make(*LEAVES, recipe=f"{{{WIDE}, refill: false, budget: {{calls: 3}}}}")
        assert (succeeded(none), hand.total) == (True, calls)
