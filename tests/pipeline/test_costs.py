import pytest

from seedbed.bus.v1.bus_pb2 import Usage
from seedbed.pipeline.costs import COIN, Spending, Tariff, charge, coins, describe
from seedbed.pipeline.kinds import role_of
from seedbed.pipeline.recipe import Budget, Price, Prices

PRICES = Prices(teacher=Price(prompt=0.15, completion=0.6), judge=Price(prompt=0.05, completion=0.000001))
USAGE = Usage(requests=2, prompt_tokens=1_000_000, completion_tokens=500_000)


def test_money_is_exact_and_goes_by_role():
    assert charge(role_of("knowledge.generate"), USAGE, PRICES) == coins(0.45)
    assert charge(role_of("judge.grounded"), USAGE, PRICES) == coins(0.05) + COIN // 2_000_000
    assert charge(role_of("judge.grounded"), USAGE, Prices(teacher=PRICES.teacher)) == coins(0.45)


def test_what_the_budget_does_not_limit_counts_nothing():
    assert Tariff(Budget(calls=5), PRICES).measure("skills.respond", USAGE) == Spending(calls=2)
    assert Tariff(Budget(tokens=5), None).measure("skills.respond", USAGE) == Spending(tokens=1_500_000)
    assert Tariff(Budget(money=1), PRICES).measure("skills.respond", USAGE) == Spending(money=coins(0.45))
    assert Tariff(Budget(calls=5, money=2.5), PRICES).limits == Spending(5, 0, coins(2.5))


@pytest.mark.parametrize(
    ("one", "room", "times"),
    [
        (Spending(2, 0, 0), Spending(7, 0, 0), 3),
        (Spending(2, 10, 0), Spending(7, 19, 0), 1),
        (Spending(2, 0, 0), Spending(-7, 0, 0), 0),
        (Spending(), Spending(7, 7, 7), None),
    ],
)
def test_the_scarcest_measure_decides(one, room, times):
    assert one.goes_into(room) == times


def test_people_read_the_currency():
    assert describe(Spending(1234, 0, coins(2.5)), "money") == "2.5000"
    assert describe(Spending(1234, 0, coins(2.5)), "calls") == "1,234"
