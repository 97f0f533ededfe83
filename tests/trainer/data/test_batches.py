"""The course of a phase: a function of the recipe, the same for all processes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.trainer.data.batches import TooManyEpochs, pack, plan_steps
from tests.trainer.students import recipe

LENGTHS = [10, 20, 30, 40, 50, 60, 70, 80, 90]


def steps_of(*, packing=True, seed=1, lengths=LENGTHS, counted=(), **more):
    phase = recipe().phases[0].model_copy(update=more)
    return plan_steps(phase, lengths, seed, 128, packing=packing, counted=counted)


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


def shown(steps):
    return [number for step in steps for number in step.samples]


@pytest.mark.parametrize("tokens", [1, 10, 101, 224, 225, 226, 450, 1000])
def test_a_phase_may_be_as_long_as_so_many_tokens_that_count(tokens):
    counted = [length // 2 for length in LENGTHS]
    steps = steps_of(epochs=1, tokens=tokens, counted=counted, packing=False)
    learnt = [counted[number] for number in shown(steps)]
    assert tokens <= sum(learnt) < tokens + learnt[-1]
    # It goes as many whole epochs would, and no further.
    epochs = -(-tokens // sum(counted))
    whole = [
        shown(step for step in steps_of(epochs=epochs, packing=False) if step.epoch == epoch)
        for epoch in range(epochs)
    ]
    assert shown(steps) == [number for order in whole for number in order][: len(learnt)]
    assert all(sorted(order) == list(range(len(LENGTHS))) for order in whole)
    assert {step.epoch for step in steps} == set(range(epochs))


def test_tokens_that_are_the_epochs_own_are_those_epochs():
    assert steps_of(epochs=1, tokens=3 * sum(LENGTHS), counted=LENGTHS) == steps_of(epochs=3)


def test_far_more_tokens_than_there_are_is_refused():
    assert steps_of(epochs=1, tokens=20_000, counted=[1, 1], lengths=[2, 2])
    with pytest.raises(TooManyEpochs, match="its rows have 2 tokens that count, and it is to learn 20001"):
        steps_of(epochs=1, tokens=20_001, counted=[1, 1], lengths=[2, 2])


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
