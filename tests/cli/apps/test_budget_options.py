import pytest

from seedbed.cli.apps.budget_options import BudgetOptions, check_prices
from seedbed.kernel.errors import InputError
from seedbed.pipeline.recipe import Price, Prices, Recipe, read_recipe


def test_options_are_laid_over_the_recipe():
    text = "{budget: {calls: 5, tokens: 9}, prices: {teacher: {prompt: 3, completion: 4}}}"
    recipe = read_recipe(text, over=BudgetOptions(calls=7, judge_price="", price="0.15,0.6").values())
    assert recipe.budget is not None
    assert (recipe.budget.calls, recipe.budget.tokens) == (7, 9)
    assert recipe.prices == Prices(teacher=Price(prompt=0.15, completion=0.6))


def test_nothing_given_changes_nothing():
    assert BudgetOptions().values() == {}


@pytest.mark.parametrize("price", ["1", "1,", "a,b", "1,2,3", ","])
def test_what_is_no_price_is_refused(price):
    with pytest.raises(InputError, match="is not two prices"):
        BudgetOptions(price=price).values()


def test_a_negative_price_is_refused_by_the_recipe():
    with pytest.raises(InputError, match="not valid"):
        read_recipe("", over=BudgetOptions(price="-1,2").values())


def test_another_judge_needs_a_price_of_its_own():
    recipe = Recipe(prices=Prices(teacher=Price(prompt=1, completion=2)))
    check_prices(recipe, other_judge=False)
    with pytest.raises(InputError, match="has no price"):
        check_prices(recipe, other_judge=True)
    with pytest.raises(InputError, match="without --price"):
        BudgetOptions(judge_price="1,2").values()
