"""How runs share the work: each has its part, however large the other is."""

import asyncio

import pytest

from seedbed.bus.v1.bus_pb2 import LeafState
from tests.runs.garden import succeeded
from tests.runs.leaves import knowledge_leaf, skill_leaf

BIG = [knowledge_leaf(f"knowledge/big/leaf_{number:02}", (f"big{number}.txt",)) for number in range(40)]
ROOM = 64
"""Items that all runs together may have open, at a limit of 16 calls."""


@pytest.mark.parametrize("leaf", [knowledge_leaf("knowledge/small", ("small.txt",)), skill_leaf()])
async def test_a_small_run_beside_a_big_one_ends_in_its_own_time(garden, hand, leaf):
    alone = await garden.make(leaf, target=10)
    own = hand.total
    assert succeeded(alone)
    hand.calls.clear()
    hand.delay = 0.002
    big = await garden.create(await garden.sow(*BIG), target=2000)
    await garden.until(big, 100)
    before = hand.total
    # Another recipe, so that no call is recalled.
    small = await garden.make(leaf, target=10, recipe="{pairs: 4, instructions: 6}")
    assert succeeded(small)
    beside = hand.total - before
    assert not succeeded(await garden.get(big))
    print(f"{own} calls alone; {beside} calls of both while it lasted")
    # Some rounds of what is open at once, one for each step of the way; the other has thousands to go.
    assert beside <= own + 20 * ROOM


async def test_no_more_leaves_are_opened_than_it_takes(garden, hand):
    """Each leaf has more to do than all calls that may be under way, so the others wait for their turn."""
    hand.delay = 0.002
    big = await garden.create(await garden.sow(*BIG), target=2000)
    await garden.until(big, 300)
    states = [leaf.state for leaf in (await garden.get(big)).leaves]
    assert 1 <= states.count(LeafState.LEAF_STATE_OPEN) <= 2


async def test_leaves_are_opened_side_by_side_where_each_has_little_to_do(garden, hand):
    hand.delay = 0.5
    small = await garden.create(await garden.sow(*BIG), target=2)
    async with asyncio.timeout(20):
        while True:
            states = [leaf.state for leaf in (await garden.get(small)).leaves]
            if states.count(LeafState.LEAF_STATE_OPEN) > 10:
                break
            await asyncio.sleep(0.02)


async def test_open_items_stay_bounded_and_the_judge_keeps_up(garden, hand):
    hand.delay = 0.002
    big = await garden.create(await garden.sow(*BIG), target=2000)
    most = 0
    while hand.total < 1500:
        progress = (await garden.get(big)).progress
        most = max(most, progress.open_items)
        await asyncio.sleep(0.01)
    # What follows from work admitted is never refused: at most one call begets so many.
    assert most <= 4 * ROOM
    assert hand.calls["judge.grounded"] > 0.5 * hand.calls["knowledge.generate"]
