"""A process's part in a table: cut where nobody could have more, and without those that are gone."""

import pytest

from seedbed.kernel.endpoint.limits.allocation import Holder, LimitTable
from seedbed.kernel.endpoint.limits.call_stats import CallStats
from seedbed.kernel.endpoint.limits.limit_member import LimitMember

MOST = 5.0


def member(slots=0, place=""):
    return LimitMember("me", "teacher", 8, slots=slots, low=False, place=place)


def propose(joined, wanted=0):
    table = joined.propose(wanted, 0, CallStats(), beat=True, most=MOST)
    joined.adopt(table)
    joined.mine = table.holders["me"]
    return table


@pytest.mark.parametrize(("slots", "wanted", "granted"), [(0, 3, 3), (0, 30, 8), (2, 30, 2), (30, 30, 8)])
def test_it_has_what_it_wants_up_to_the_limit_and_to_its_slots(slots, wanted, granted):
    joined = member(slots=slots)
    propose(joined, wanted)
    assert joined.granted == joined.mine.granted == granted
    assert not joined.would_change(wanted, 0, CallStats())


def test_who_wants_more_than_it_has_slots_for_leaves_the_rest_to_others():
    joined = member(slots=2)
    joined.adopt(LimitTable(8, {"other": Holder("teacher", granted=6, want=8)}, joined.table.probe))
    assert joined.ceiling == 2
    table = propose(joined, 8)
    assert {name: held.granted for name, held in table.holders.items()} == {"other": 6, "me": 2}


@pytest.mark.parametrize(
    ("slots", "in_use", "bounds"), [(0, 8, False), (2, 1, False), (2, 2, True), (8, 8, False)]
)
def test_what_its_own_slots_bound_tells_nothing_of_the_limit(slots, in_use, bounds):
    assert member(slots=slots).bounds_itself(in_use) == bounds


def test_who_gives_no_sign_is_left_out_after_so_many_of_its_own():
    joined = member()
    joined.adopt(LimitTable(8, {"silent": Holder("teacher", granted=8, want=8)}, joined.table.probe))
    tables = [propose(joined, 8) for _ in range(int(MOST) + 2)]
    assert "silent" in tables[0].holders
    assert set(tables[-1].holders) == {"me"}
    assert joined.granted == 8


def test_who_was_at_its_address_before_is_left_out_at_once():
    joined = member(place="here ")
    dead = {"here 1": Holder("teacher", granted=4), "there 1": Holder("teacher", granted=4, want=4)}
    joined.adopt(LimitTable(8, dead, joined.table.probe))
    assert set(propose(joined, 8).holders) == {"there 1", "me"}
    assert joined.granted == 4
