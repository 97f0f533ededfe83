"""The course of a phase: a function of the recipe, the same for all processes."""

import pytest

from seedbed.trainer.data.batches import plan_steps
from tests.trainer.students import recipe

LENGTHS = [10, 20, 30, 40, 50, 60, 70, 80, 90]


def steps_of(*, packing=True, seed=1, **more):
    phase = recipe().phases[0].model_copy(update=more)
    return plan_steps(phase, LENGTHS, seed, 128, packing=packing)


def test_each_epoch_goes_over_every_sample_once():
    steps = steps_of()
    for epoch in range(3):
        seen = [number for step in steps if step.epoch == epoch for number in step.samples]
        assert sorted(seen) == list(range(len(LENGTHS)))
    assert [len(step.samples) for step in steps if step.epoch == 0] == [4, 4, 1]


def test_epochs_differ_in_order_and_equal_seeds_do_not():
    steps = steps_of()
    first = [step.samples for step in steps if step.epoch == 0]
    assert first != [step.samples for step in steps if step.epoch == 1]
    assert steps_of() == steps
    assert steps_of(seed=2) != steps


def test_a_batch_may_be_counted_in_tokens():
    for step in steps_of(batch_samples=None, batch_tokens=150)[:2]:
        tokens = sum(LENGTHS[number] for number in step.samples)
        assert 150 <= tokens < 150 + max(LENGTHS)


def test_unpacked_each_sample_has_a_row():
    packed, alone = steps_of(), steps_of(packing=False)
    assert [sorted(step.samples) for step in packed] == [sorted(step.samples) for step in alone]
    assert all(len(row) == 1 for step in alone for row in step.rows)


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_rows_are_dealt_out_whole_and_in_equal_number(processes):
    for step in steps_of():
        hands = [step.deal(number, processes) for number in range(processes)]
        assert len({len(hand) for hand in hands}) == 1
        assert sorted(row for hand in hands for row in hand if row) == sorted(step.rows)
