import asyncio

import pytest

from seedbed.bus.v1.bus_pb2 import LeafEntry, LeafState, RunState
from seedbed.kernel.bus.streams import RUNS
from seedbed.kernel.errors import InputError
from seedbed.kernel.tasks import end_tasks
from seedbed.kernel.work.plans import Plans
from tests.kernel.chain import LEAF, RUN, SPECS, make_plan, open_run
from tests.kernel.waiting import until

ENDED = [RunState.RUN_STATE_SUCCEEDED, RunState.RUN_STATE_SHORT, RunState.RUN_STATE_CANCELLED]


@pytest.fixture
async def plans(bus):
    plans = Plans(bus)
    following = asyncio.create_task(plans.follow())
    yield plans
    assert not following.done()
    await end_tasks([following])


async def set_leaf(bus, state):
    entry = LeafEntry(run=RUN, leaf=LEAF, state=state)
    await (await bus.bucket(RUNS)).put(f"{RUN}.{LEAF}", entry.SerializeToString())


async def test_a_plan_is_ready_for_use(plans, bus):
    await open_run(bus)
    known = await plans.get(RUN)
    assert known.plan == make_plan()
    assert known.specs["test.sow"] == SPECS["test.sow"]
    assert known.recipe.target == 30


async def test_an_item_may_be_quicker_than_the_news(bus):
    await open_run(bus)
    assert (await Plans(bus).get(RUN)).plan == make_plan()


async def test_a_run_nobody_knows_has_no_plan_yet(plans, bus):
    assert await plans.get(RUN) is None
    await open_run(bus)
    assert await plans.get(RUN)


@pytest.mark.parametrize("state", ENDED)
async def test_a_run_that_ended_has_none_any_more_and_its_leaves_are_closed(plans, bus, state):
    await open_run(bus)
    assert await plans.get(RUN)
    assert not plans.is_closed(RUN, LEAF)
    await open_run(bus, state=state)
    await until(lambda: plans.is_closed(RUN, LEAF))
    assert await plans.get(RUN) is None


async def test_a_run_can_go_on(plans, bus):
    await open_run(bus, state=RunState.RUN_STATE_CANCELLED)
    await until(lambda: plans.is_closed(RUN, LEAF))
    await open_run(bus)
    await until(lambda: not plans.is_closed(RUN, LEAF))
    assert await plans.get(RUN)


@pytest.mark.parametrize("state", [LeafState.LEAF_STATE_SEALED, LeafState.LEAF_STATE_CANCELLED])
async def test_a_leaf_closes_and_opens(plans, bus, state):
    await open_run(bus)
    await set_leaf(bus, state)
    await until(lambda: plans.is_closed(RUN, LEAF))
    assert not plans.is_closed(RUN, "another")
    await set_leaf(bus, LeafState.LEAF_STATE_OPEN)
    await until(lambda: not plans.is_closed(RUN, LEAF))


async def test_a_run_that_was_removed_is_over(plans, bus):
    await open_run(bus)
    assert await plans.get(RUN)
    await (await bus.bucket(RUNS)).delete(RUN)
    await until(lambda: plans.is_closed(RUN, LEAF))


async def test_a_plan_that_cannot_be_read_stops_nothing_else(plans, bus):
    plan = make_plan()
    plan.recipe = '{"invented": "by a later version"}'
    await open_run(bus, plan)
    with pytest.raises(InputError, match="recipe is not valid"):
        await plans.get(RUN)
    await asyncio.sleep(0.1)
    await open_run(bus)
    assert await plans.get(RUN)
