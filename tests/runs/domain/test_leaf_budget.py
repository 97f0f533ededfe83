import random

import pytest

from seedbed.bus.v1.bus_pb2 import Outcome, QuotaDraws, Record, Round, Usage
from seedbed.kernel.errors import InputError
from seedbed.pipeline.costs import ASKS, Spending, Tariff
from seedbed.pipeline.recipe import Budget, Recipe
from seedbed.runs.domain.leaf_budget import LeafBudget, LeafCosts, check_budget
from seedbed.runs.domain.run_budget import BudgetRequest, distribute, share_of
from tests.runs.leaves import knowledge_leaf, known_plan, skill_leaf

KNOWLEDGE = knowledge_leaf()
RECIPE = Recipe(pairs=2, instructions=4)


def record(step, digest, requests=1, prompt=0, completion=0, candidate=""):
    usage = Usage(requests=requests, prompt_tokens=prompt, completion_tokens=completion)
    return Record(
        step=step, digest=digest * 64, outcome=Outcome.OUTCOME_DONE, usage=usage, candidate=candidate
    )


def ledger_of(*records):
    ledger = LeafCosts()
    for one in records:
        ledger.enter(one)
    return ledger


def budget(budget, leaf=KNOWLEDGE):
    tariff = Tariff(budget, None)
    return LeafBudget(tariff, tariff.limits, known_plan(leaf, recipe=RECIPE), leaf)


def ends(opened):
    return opened and [row.end for row in opened.quotas]


def test_twins_are_paid_for_once_and_errors_of_a_server_by_nobody():
    ledger = ledger_of(
        record("judge.grounded", "a", 1, 100, 10, candidate="one"),
        record("judge.grounded", "a", 1, 100, 10, candidate="two"),
        record("judge.grounded", "b", 40),
    )
    assert ledger.of_step("judge.grounded") == Usage(
        requests=1 + ASKS, prompt_tokens=100, completion_tokens=10
    )


@pytest.mark.parametrize(
    ("leaf", "items"),
    [(KNOWLEDGE, 1 + 2), (skill_leaf(), 1 + 3 * 4), (skill_leaf(grounded=True), 2 + 3 * 4)],
)
def test_a_draw_is_reserved_with_every_item_asked_three_times(leaf, items):
    assert budget(Budget(calls=1000), leaf).reserve(LeafCosts()) == Spending(calls=ASKS * items)


def test_tokens_are_reserved_by_the_dearest_request_of_the_leaf():
    one = budget(Budget(tokens=10**6))
    before = one.reserve(LeafCosts())
    ledger = ledger_of(
        record("knowledge.generate", "a", 2, 300, 200),
        record("knowledge.generate", "b", 1, 90, 120),
        record("judge.grounded", "c", 1, 50, 10),
    )
    assert one.reserve(ledger) == Spending(tokens=ASKS * (150 + 120 + 2 * (50 + 10)))
    assert before.tokens > one.reserve(ledger).tokens


def test_a_round_is_cut_to_what_is_paid_for_its_quotas_in_turn():
    wanted = Round(quotas=[QuotaDraws(form="short", first=3, end=5), QuotaDraws(form="long", first=1, end=6)])
    assert ends(budget(Budget(calls=9 * 7)).cut(wanted, LeafCosts())) == [5, 6]
    assert ends(budget(Budget(calls=9 * 6 + 8)).cut(wanted, LeafCosts())) == [5, 5]
    assert ends(budget(Budget(calls=9 * 3)).cut(wanted, LeafCosts())) == [5, 2]
    assert budget(Budget(calls=9)).cut(wanted, ledger_of(record("knowledge.generate", "a"))) is None


def test_shares_go_by_target_and_never_add_up_to_more():
    targets = known_plan(KNOWLEDGE, skill_leaf(), skill_leaf("compositional_skills/x")).plan.leaves
    found = [share_of(Spending(calls=100), target, targets) for target in targets]
    assert found == [Spending(calls=33)] * 3


def test_what_is_left_is_dealt_draw_by_draw_in_turn():
    spent = Spending(calls=7)
    wishes = {"a": (1, 5), "b": (9, 5), "c": (9, 4)}
    requests = [
        BudgetRequest(leaf, spent, draws, Spending(reserve)) for leaf, (draws, reserve) in wishes.items()
    ]
    assert distribute(Spending(28), requests) == {"a": Spending(12), "b": Spending(22), "c": Spending(15)}
    assert distribute(Spending(4), requests) == {"a": spent, "b": spent, "c": Spending(11)}
    assert distribute(Spending(3), requests) == {}
    assert distribute(Spending(-30), requests) == {}


def test_dealing_never_gives_more_than_there_is():
    luck = random.Random(1)
    for _ in range(200):
        requests = [
            BudgetRequest(
                str(n), Spending(luck.randrange(50)), luck.randrange(1, 9), Spending(luck.randrange(1, 30))
            )
            for n in range(luck.randrange(1, 6))
        ]
        pool = Spending(luck.randrange(200))
        granted = distribute(pool, requests)
        given = (
            sum(granted[request.leaf].calls - request.spent.calls for request in requests) if granted else 0
        )
        assert 0 <= given <= pool.calls
        assert bool(granted) == any(request.reserve.calls <= pool.calls for request in requests)


def test_a_budget_for_not_even_one_draw_is_refused():
    leaves = (KNOWLEDGE, skill_leaf())
    known = known_plan(*leaves, recipe=RECIPE.model_copy(update={"budget": Budget(calls=8)}))
    with pytest.raises(InputError, match="too small for a single draw") as caught:
        check_budget(known, leaves)
    assert caught.value.violations[0].description == "one may take as much as calls: 9"
    enough = known_plan(*leaves, recipe=RECIPE.model_copy(update={"budget": Budget(calls=9)}))
    check_budget(enough, leaves)
