"""What calls cost, measured in calls, tokens and money. Pure, and exact: money is counted in whole coins."""

from dataclasses import dataclass
from decimal import Decimal

from seedbed.bus.v1.bus_pb2 import Usage
from seedbed.pipeline.kinds import Role, role_of
from seedbed.pipeline.recipe import Budget, Price, Prices

ASKS = 3
"""How often an item asks at most: once, and twice more where the reply cannot be read."""
COIN = 10**12
"""Coins in one unit of the currency: a price of a million tokens keeps six places."""
MEASURES = ("calls", "tokens", "money")


@dataclass(frozen=True, slots=True)
class Spending:
    """What was spent, or may be, in each measure; money in coins."""

    calls: int = 0
    tokens: int = 0
    money: int = 0

    def __add__(self, other: "Spending") -> "Spending":
        return Spending(self.calls + other.calls, self.tokens + other.tokens, self.money + other.money)

    def __sub__(self, other: "Spending") -> "Spending":
        return Spending(self.calls - other.calls, self.tokens - other.tokens, self.money - other.money)

    def times(self, factor: int) -> "Spending":
        """This spending, so many times over."""
        return Spending(self.calls * factor, self.tokens * factor, self.money * factor)

    def part(self, share: int, whole: int) -> "Spending":
        """A share of it, rounded down."""
        return Spending(*(getattr(self, name) * share // whole for name in MEASURES))

    def goes_into(self, room: "Spending") -> int | None:
        """How often it fits into what is left; None where it takes none."""
        counts = [getattr(room, name) // getattr(self, name) for name in MEASURES if getattr(self, name)]
        return max(0, min(counts)) if counts else None


def add_usage(total: Usage, more: Usage) -> None:
    """Add to what was used."""
    total.requests += more.requests
    total.prompt_tokens += more.prompt_tokens
    total.completion_tokens += more.completion_tokens


def price_of(role: Role | None, prices: Prices) -> Price:
    """What the tokens cost of who is asked."""
    return prices.judge if prices.judge and role == "judge" else prices.teacher


def coins(amount: float) -> int:
    """An amount of money in coins, the whole numbers it is counted in; rounded down."""
    return int(Decimal(str(amount)) * COIN)


def charge(role: Role | None, usage: Usage, prices: Prices) -> int:
    """What was spent in money, in coins."""
    price = price_of(role, prices)
    per_token = (coins(price.prompt) // 10**6, coins(price.completion) // 10**6)
    return usage.prompt_tokens * per_token[0] + usage.completion_tokens * per_token[1]


def describe(spending: Spending, measure: str) -> str:
    """One measure with thousands marked; money in whole units to four places, not in coins."""
    value: int = getattr(spending, measure)
    return f"{value / COIN:,.4f}" if measure == "money" else f"{value:,}"


@dataclass(frozen=True, slots=True)
class Tariff:
    """What counts against a budget: a measure that it does not limit counts nothing."""

    budget: Budget
    prices: Prices | None

    @property
    def limits(self) -> Spending:
        """The budget as spending; 0 for a measure that has no limit."""
        budget = self.budget
        return Spending(budget.calls or 0, budget.tokens or 0, coins(budget.money or 0))

    def measure(self, step: str, usage: Usage) -> Spending:
        """What a step's usage takes of the budget."""
        budget = self.budget
        return Spending(
            usage.requests if budget.calls else 0,
            usage.prompt_tokens + usage.completion_tokens if budget.tokens else 0,
            charge(role_of(step), usage, self.prices) if budget.money and self.prices else 0,
        )
