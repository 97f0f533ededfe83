"""The budget of a leaf: what its items took, and for how many draws the rest is enough in any case. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from seedbed.bus.v1.bus_pb2 import QuotaDraws, Record, Round, StepCounts, Usage
from seedbed.kernel.errors import InputError, Violation
from seedbed.pipeline.costs import ASKS, MEASURES, Spending, Tariff, describe
from seedbed.pipeline.kinds import kind_of
from seedbed.pipeline.plan import KnownPlan
from seedbed.pipeline.tokens import count_tokens
from seedbed.runs.domain.run_budget import BudgetRequest
from seedbed.taxonomy.v1.leaf_pb2 import Leaf, SeedExample

PROMPT = 2000
"""Tokens that a prompt is taken to have beyond its seed and chunk, until the first one is on record."""


class LeafCosts:
    """What a leaf's items took by step, each once, whoever paid for it and whenever.

    Recalled items count as what they cost when they were paid for, so that no figure hangs on history.
    """

    def __init__(self) -> None:
        self._entered: set[bytes] = set()
        self._steps: dict[str, Usage] = {}
        self._dearest: dict[str, Usage] = {}

    def enter(self, record: Record) -> None:
        """Take note of an item; twins ask the same, and it is paid for once."""
        asked = record.usage.requests
        # A long leaf has many of them, and a quarter of a digest tells them apart.
        digest = record.digest[:16].encode()
        if not asked or digest in self._entered:
            return
        self._entered.add(digest)
        prompt, completion = record.usage.prompt_tokens, record.usage.completion_tokens
        total = self._steps.setdefault(record.step, Usage())
        # A server's errors are no answers: nobody sends a bill for them.
        total.requests += min(asked, ASKS)
        total.prompt_tokens += prompt
        total.completion_tokens += completion
        mark_dearest(self._dearest, record.step, -(-prompt // asked), -(-completion // asked))

    def steps(self) -> Iterator[tuple[str, Usage]]:
        """What each step came to."""
        return iter(self._steps.items())

    def of_step(self, step: str) -> Usage:
        """What one step came to."""
        return self._steps.get(step, Usage())

    def dearest(self, step: str) -> Usage | None:
        """The most that one request of a step had in prompt and reply; None before the first."""
        return self._dearest.get(step)


def mark_dearest(dearest: dict[str, Usage], step: str, prompt: int, completion: int) -> None:
    """Take note of a request, or of the dearest there was elsewhere."""
    known = dearest.setdefault(step, Usage(requests=1))
    known.prompt_tokens = max(known.prompt_tokens, prompt)
    known.completion_tokens = max(known.completion_tokens, completion)


class LeafBudget:
    """Pays for nothing it could not pay for were all of its items asked anew as often as may be."""

    def __init__(self, tariff: Tariff, allowance: Spending, known: KnownPlan, leaf: Leaf) -> None:
        self.tariff = tariff
        self.allowance = allowance
        self.elsewhere: Mapping[str, Usage] = {}
        """The dearest requests of other leaves, for steps that this one has not come to."""
        self._known = known
        self._items = kind_of(leaf.kind).items_of_draw(known.recipe)
        self._texts = known.recipe.chunk_tokens + max(map(_size, leaf.seeds), default=0)

    def spent(self, ledger: LeafCosts) -> Spending:
        """What the leaf's records come to."""
        return sum((self.tariff.measure(*row) for row in ledger.steps()), Spending())

    def reserve(self, ledger: LeafCosts) -> Spending:
        """What one draw may cost: all of its items asked three times, each as dear as the dearest so far."""
        asks = (
            self.tariff.measure(step, self._dearest(step, ledger)).times(count * ASKS)
            for step, count in self._items.items()
        )
        return sum(asks, Spending())

    def cut(self, wanted: Round, ledger: LeafCosts) -> Round | None:
        """As much of a round as is paid for in any case; None where that is not a single draw."""
        number = self.reserve(ledger).goes_into(self.allowance - self.spent(ledger))
        if number is None or number >= count_draws(wanted):
            return wanted
        return _shorten(wanted, number) if number else None

    def request_budget(self, leaf: str, wanted: Round, ledger: LeafCosts) -> BudgetRequest:
        """Ask for what it would take to open a round."""
        return BudgetRequest(leaf, self.spent(ledger), count_draws(wanted), self.reserve(ledger))

    def _dearest(self, step: str, ledger: LeafCosts) -> Usage:
        known = ledger.dearest(step) or self.elsewhere.get(step)
        if known is not None:
            return known
        # One that is cut each time may have twice the tokens each time.
        most = -(-self._known.specs[step].sampling.max_tokens * (2**ASKS - 1) // ASKS)
        return Usage(requests=1, prompt_tokens=PROMPT + self._texts, completion_tokens=most)


def check_budget(known: KnownPlan, leaves: Iterable[Leaf]) -> None:
    """Refuse a budget that not a single draw could be opened with. Raises InputError."""
    recipe = known.recipe
    if recipe.budget is None or not recipe.refill:
        return
    tariff, nothing = Tariff(recipe.budget, recipe.prices), LeafCosts()
    reserves = [LeafBudget(tariff, tariff.limits, known, leaf).reserve(nothing) for leaf in leaves]
    if any(reserve.goes_into(tariff.limits) != 0 for reserve in reserves):
        return
    least = min(reserves, key=lambda one: (one.calls, one.tokens, one.money))
    needed = [
        f"{name}: {describe(least, name)}"
        for name in MEASURES
        if getattr(least, name) > getattr(tariff.limits, name)
    ]
    raise InputError(
        "the budget is too small for a single draw",
        [Violation("recipe.budget", f"one may take as much as {', '.join(needed)}")],
        hint="a draw is opened only where it is paid for in any case, every item asked three times",
    )


def spent_on(steps: Iterable[StepCounts], tariff: Tariff) -> Spending:
    """What the items of these steps have taken of a budget."""
    return sum((tariff.measure(row.step, row.recorded) for row in steps), Spending())


def count_draws(opened: Round) -> int:
    """How many draws a round has."""
    return sum(row.end - row.first for row in opened.quotas)


def _shorten(wanted: Round, number: int) -> Round:
    """The first draws of a round, its quotas in turn."""
    left = [row.end - row.first for row in wanted.quotas]
    taken = [0] * len(left)
    while number:
        for index in range(len(left)):
            if number and taken[index] < left[index]:
                taken[index] += 1
                number -= 1
    rows = zip(wanted.quotas, taken, strict=True)
    return Round(quotas=[QuotaDraws(form=r.form, first=r.first, end=r.first + count) for r, count in rows])


def _size(seed: SeedExample) -> int:
    texts = (text for pair in seed.pairs for text in (pair.question, pair.answer))
    return count_tokens(seed.context) + sum(map(count_tokens, texts))
