"""What a run may cost, and what tokens cost: the options laid over the recipe. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seedbed.kernel.errors import InputError
from seedbed.pipeline.recipe import Recipe


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetOptions:
    """The options as they were given; empty where they were not."""

    calls: int = 0
    tokens: int = 0
    money: float = 0
    price: str = ""
    judge_price: str = ""

    def values(self) -> Mapping[str, Any]:
        """As keys of a recipe. Raises InputError."""
        limits = {"calls": self.calls, "tokens": self.tokens, "money": self.money}
        budget = {name: limit for name, limit in limits.items() if limit}
        given = {"teacher": ("--price", self.price), "judge": ("--judge-price", self.judge_price)}
        prices = {role: _read_price(*row) for role, row in given.items() if row[1]}
        if "judge" in prices and "teacher" not in prices:
            raise InputError("--judge-price without --price", hint="give the teacher's price, too")
        return {name: part for name, part in (("budget", budget), ("prices", prices)) if part}


def check_prices(recipe: Recipe, *, other_judge: bool) -> None:
    """Refuse to take the teacher's price for another model's. Raises InputError."""
    if other_judge and recipe.prices and recipe.prices.judge is None:
        raise InputError(
            "the judge is another model than the teacher and has no price",
            hint="give --judge-price PROMPT,COMPLETION, or prices.judge in the recipe",
        )


def _read_price(option: str, given: str) -> Mapping[str, float]:
    prompt, _, completion = given.partition(",")
    try:
        return {"prompt": float(prompt), "completion": float(completion)}
    except ValueError as error:
        raise InputError(
            f"{option} {given!r} is not two prices",
            hint="they are of a million tokens in prompts and in replies: 0.15,0.6",
        ) from error
