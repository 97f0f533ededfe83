"""Learning rates."""

import pytest

from seedbed.trainer.loop.schedule import learning_rate
from tests.trainer.students import recipe


def rates(steps=10, **more):
    phase = recipe().phases[0].model_copy(update={"learning_rate": 1.0, **more})
    return [learning_rate(phase, step, steps) for step in range(steps)]


def test_it_rises_evenly_and_then_stays():
    assert rates(warmup=4)[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert set(rates(warmup=0)) == {1.0}


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_a_falling_one_ends_near_its_floor(schedule):
    found = rates(100, warmup=10, schedule=schedule, floor=0.2)
    assert max(found) == 1.0
    assert found[10:] == sorted(found[10:], reverse=True)
    assert 0.2 <= found[-1] < 0.22
