from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.kernel.endpoint.limits.allocation import Holder, LimitTable, settle, shares

ROLES = st.sampled_from(["judge", "teacher"])
NAMES = st.sampled_from("abcdef")
LIMITS = st.integers(1, 20)


@st.composite
def tables(draw):
    wants = draw(st.dictionaries(NAMES, st.tuples(ROLES, st.integers(0, 30)), min_size=1))
    return LimitTable(draw(LIMITS), {name: Holder(role, want=want) for name, (role, want) in wants.items()})


@given(tables())
def test_shares_add_up_to_the_limit_at_most(table):
    assert sum(shares(table).values()) <= max(table.limit, 0)


@given(tables())
def test_there_is_one_for_each_while_it_lasts(table):
    given_out = shares(table)
    needy = [given_out[name] for name, holder in table.holders.items() if holder.want]
    assert min(len(needy), table.limit) == sum(share >= 1 for share in needy)


@given(tables())
def test_one_with_nothing_to_do_has_one_only_where_nobody_misses_it(table):
    given_out = shares(table)
    thirsty = any(share < table.holders[name].want for name, share in given_out.items())
    assert not (thirsty and any(share for name, share in given_out.items() if not table.holders[name].want))


@given(tables())
def test_nothing_lies_idle_while_somebody_wants_it(table):
    given_out = shares(table)
    if any(share < table.holders[name].want for name, share in given_out.items()):
        assert sum(given_out.values()) == table.limit


@given(tables())
def test_judges_come_before_generators_but_for_a_quarter(table):
    given_out = shares(table)
    thirsty = [name for name, h in table.holders.items() if h.role == "judge" and given_out[name] < h.want]
    others = [name for name, h in table.holders.items() if h.role != "judge"]
    if thirsty:
        assert sum(given_out[name] for name in others) <= max(len(others), table.limit // 4)


def test_judging_never_stops_generating():
    holders = {"a": Holder("judge", want=99), "b": Holder("teacher", want=99), "c": Holder("teacher", want=2)}
    assert shares(LimitTable(64, holders)) == {"a": 48, "b": 14, "c": 2}


@given(tables())
def test_nobody_gets_more_than_asked_for_but_the_one(table):
    assert all(share <= max(1, table.holders[name].want) for name, share in shares(table).items())


@given(tables())
def test_equals_are_treated_equally(table):
    even = LimitTable(table.limit, {name: Holder("teacher", want=99) for name in table.holders})
    given_out = shares(even).values()
    assert max(given_out) - min(given_out) <= 1


STEPS = st.lists(st.tuples(NAMES, ROLES, st.integers(0, 30), st.integers(0, 20)), max_size=40)


@settings(max_examples=200)
@given(LIMITS, STEPS)
def test_grants_never_exceed_the_limit_whoever_settles_when(limit, steps):
    table = LimitTable(limit)
    for name, role, want, busy in steps:
        held = table.holders.get(name)
        before = held.granted if held else 0
        in_use = min(busy, before)
        table = settle(table, name, Holder(role, before, want), in_use)
        assert sum(holder.granted for holder in table.holders.values()) <= limit
        # What is in use is never taken away.
        assert table.holders[name].granted >= in_use


@given(tables())
def test_after_two_turns_each_has_its_share(table):
    for _ in range(2):
        for name, holder in sorted(table.holders.items()):
            table = settle(table, name, Holder(holder.role, table.holders[name].granted, holder.want), 0)
    assert {name: holder.granted for name, holder in table.holders.items()} == shares(table)


def test_a_newcomer_gets_its_part_as_it_is_given_back():
    table = settle(LimitTable(4), "a", Holder("teacher", want=9), 0)
    assert table.holders["a"].granted == 4
    table = settle(table, "b", Holder("judge", want=9), 0)
    assert table.holders["b"].granted == 0
    # All four are in use: nothing can be given back yet.
    table = settle(table, "a", Holder("teacher", 4, 9), 4)
    assert table.holders["a"].granted == 4
    table = settle(table, "a", Holder("teacher", 4, 9), 1)
    assert table.holders["a"].granted == 1
    table = settle(table, "b", Holder("judge", 0, 9), 0)
    assert table.holders["b"].granted == 3


@given(tables())
def test_a_table_is_read_as_it_was_written(table):
    assert LimitTable.from_json(table.to_json()) == table
