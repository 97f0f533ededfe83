"""The course of a phase: a function of the recipe, the same for all processes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.trainer.data.batches import pack, plan_steps
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
        hands = [step.split(number, processes) for number in range(processes)]
        assert len({len(hand) for hand in hands}) == 1
        assert sorted(row for hand in hands for row in hand if row) == sorted(step.rows)


@given(st.lists(st.integers(1, 64), max_size=60))
def test_every_sample_is_in_one_row_that_holds_it(lengths):
    rows = pack(lengths, 64)
    assert sorted(place for row in rows for place in row) == list(range(len(lengths)))
    assert all(sum(lengths[place] for place in row) <= 64 for row in rows)
    # Two rows that would fit into one are never both there.
    sizes = sorted(sum(lengths[place] for place in row) for row in rows)
    assert len(sizes) < 2 or sizes[0] + sizes[1] > 64


def test_each_goes_where_it_fits_most_closely():
    assert pack([60, 50, 4, 14], 64) == [[0, 2], [1, 3]]


def test_a_sample_longer_than_a_row_is_refused():
    with pytest.raises(ValueError, match="no room"):
        pack([65], 64)
