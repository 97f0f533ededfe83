"""The limit as a pure function, and played against an endpoint that takes so many calls at once."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.kernel.endpoint.limits.adaptive_limit import (
    LEAST_HOLD,
    Probe,
    Seen,
    begin,
    climb,
    lower,
    measure,
)
from seedbed.kernel.endpoint.limits.allocation import Holder, LimitTable, begin_anew, learn, settle

REFUSED = Seen(refusals=1, pause=1.0)


def window(limit: int) -> Seen:
    return Seen(successes=limit, seconds=0.1)


def test_where_nothing_is_refused_nothing_changes():
    limit, probe = begin(64, low=False)
    for _ in range(5):
        limit, probe = climb(limit, probe, window(limit))
    assert (limit, probe) == (64, Probe(64))


def test_from_below_it_doubles_until_something_is_refused():
    limit, probe = begin(64, low=True)
    seen = [limit]
    while limit < 64:
        limit, probe = climb(limit, probe, window(limit))
        seen.append(limit)
    assert seen == [4, 8, 16, 32, 64]


def test_less_than_a_window_changes_nothing():
    limit, probe = begin(64, low=True)
    assert climb(limit, probe, Seen(successes=3))[0] == limit
    assert climb(*climb(limit, probe, Seen(successes=3)), Seen(successes=1))[0] == 2 * limit


def test_a_refusal_halves_and_the_way_back_leads_to_what_was_taken():
    limit, probe = lower(17, Probe(64, epoch=1, good=16), REFUSED)
    assert limit == 8
    limit, probe = measure(limit, probe, 16)
    limit, probe = climb(limit, probe, window(limit))
    assert limit == 16
    # No more than that for as long as the pause is worth.
    assert probe.hold == 320
    limit, probe = climb(limit, probe, Seen(successes=16 * 319))
    assert limit == 16
    limit, probe = climb(limit, probe, window(limit))
    limit, probe = climb(limit, probe, window(limit))
    assert limit == 17
    assert climb(limit, probe, window(limit))[0] == 18


def test_what_was_taken_is_never_exceeded_right_after():
    limit, probe = lower(64, Probe(64), REFUSED)
    assert limit == 32
    assert measure(limit, probe, 16)[0] == 16


def test_an_endpoint_that_took_nothing_is_away_not_full():
    limit, probe = lower(64, Probe(64), REFUSED)
    for _ in range(9):
        limit, probe = measure(limit, probe, 0)
        limit, probe = lower(limit, probe, REFUSED)
    limit, probe = measure(limit, probe, 0)
    assert (limit, probe.good) == (1, 64)
    for _ in range(6):
        limit, probe = climb(limit, probe, window(limit))
    assert limit == 64


def test_cheap_refusals_are_risked_more_often():
    limit, probe = measure(*lower(17, Probe(64), Seen(refusals=1)), 16)
    _, probe = climb(limit, probe, Seen(successes=limit, seconds=60))
    assert probe.hold == LEAST_HOLD


EVENTS = st.lists(
    st.one_of(
        st.builds(Seen, successes=st.integers(1, 300), seconds=st.floats(0.01, 10)),
        st.builds(Seen, refusals=st.integers(1, 9), pause=st.floats(0, 60)),
    ),
    max_size=40,
)


@given(st.integers(1, 100), st.booleans(), EVENTS, st.integers(0, 100))
def test_the_limit_stays_between_one_and_the_ceiling(ceiling, low, events, taken):
    table = begin_anew(LimitTable(ceiling), ceiling, low=low)
    for seen in events:
        before = table
        table = learn(table, "a", seen, taken=taken, full=taken)
        assert 1 <= table.limit <= ceiling
        assert table.probe.epoch == before.probe.epoch + bool(seen.refusals)
        if seen.refusals:
            assert table.limit <= max(1, before.limit // 2)
        elif table.limit > before.limit:
            assert table.limit <= max(before.limit + 1, 2 * before.limit)
    assert LimitTable.from_json(table.to_json()) == table


def test_refusals_of_calls_begun_before_lower_it_once():
    table = settle(begin_anew(LimitTable(32), 32, low=False), "a", Holder("teacher", want=32), 0)
    table = learn(table, "a", REFUSED, taken=0, full=20)
    # More of them come to light, but they were begun under the old limit.
    for taken in (18, 16):
        table = learn(table, "a", Seen(), taken=taken, full=0)
    assert (table.limit, table.probe.epoch, table.probe.good) == (16, 1, 16)


def test_what_one_has_not_told_yet_counts_as_all_it_may_have_under_way():
    table = begin_anew(LimitTable(32), 32, low=False)
    for name in "ab":
        table = settle(table, name, Holder("teacher", want=16), 0)
    table = learn(table, "a", REFUSED, taken=0, full=5)
    assert (table.limit, table.probe.good) == (16, 21)
    table = learn(table, "b", Seen(), taken=6, full=0)
    assert (table.limit, table.probe.good) == (11, 11)


def test_another_ceiling_begins_anew():
    table = learn(begin_anew(LimitTable(64), 64, low=False), "a", REFUSED, 0, 16)
    assert begin_anew(table, 64, low=False) == table
    assert begin_anew(table, 128, low=False).limit == 128


@pytest.mark.parametrize("low", [False, True])
@pytest.mark.parametrize("takes", [1, 2, 7, 16, 40, 64])
def test_a_full_endpoint_is_used_to_the_full_with_few_refusals(takes, low):
    """Rounds of calls at once; a refusal costs ten rounds of rest."""
    table = begin_anew(LimitTable(64), 64, low=low)
    answered = refused = rounds = 0
    while answered < 2000 * takes / 16:
        tried, taken = table.limit, min(table.limit, takes)
        rounds += 1
        if tried > takes:
            table = learn(table, "a", Seen(refusals=tried - takes, pause=1.0), 0, taken)
            refused += tried - takes
            rounds += 10
        else:
            table = learn(
                table,
                "a",
                Seen(successes=taken, seconds=0.1),
                table.holders["a"].taken if table.holders else 0,
                0,
            )
        answered += taken
    ideal = answered / takes
    assert rounds <= ideal + 20
    # The first burst is refused once; nearly nothing after.
    assert refused <= max(64 - takes, takes) + 0.01 * answered
    assert replace(table.probe, hold=0).epoch <= 2
