"""What a run will come to: reckoned before it begins, and shown beside what it came to."""

from dataclasses import dataclass
from typing import Any

from rich.table import Table

from seedbed.cli.reach.endpoints import Endpoints
from seedbed.cli.render.bill import Bill
from seedbed.cli.render.duration import format_seconds
from seedbed.cli.render.paths import LeafPath
from seedbed.cli.render.table import make_table
from seedbed.estimate import Assumptions, Forecast, forecast, recall
from seedbed.kernel.endpoint.endpoint import added_parameters
from seedbed.kernel.store.interface import Store
from seedbed.pipeline.recipe import Prices, Recipe
from seedbed.taxonomy.v1.leaf_pb2 import Snapshot

ASSUMED = Assumptions()


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is expected of each leaf, and in all."""

    leaves: tuple[Forecast, ...]
    seconds: float

    @property
    def bill(self) -> Bill:
        """All of it, as if nothing were recalled."""
        return Bill.of(row for leaf in self.leaves for row in leaf.usage.items())

    def line(self, prices: Prices | None) -> str:
        """The estimate as one line: calls, tokens, money where there are prices, and time."""
        _, tally, money = next(iter(self.bill.rows(prices)))
        measured = sum(leaf.measured for leaf in self.leaves)
        by = f", {measured} of {len(self.leaves)} leaves as measured before" if measured else ""
        tokens = f"{tally.prompt_tokens:,} + {tally.completion_tokens:,} tokens"
        return (
            f"estimate: {tally.requests:,} calls, {tokens}, "
            + (f"{money:,.4f} in money, " if money is not None else "")
            + f"{format_seconds(self.seconds)}, were nothing recalled{by}"
        )

    def as_object(self, prices: Prices | None) -> dict[str, Any]:
        """The estimate for `--json`: sums, seconds, and a row for each leaf."""
        leaves = [
            {"path": one.path, "draws": one.draws, "measured": one.measured}
            | Bill.of(one.usage.items()).as_object(prices)
            for one in self.leaves
        ]
        return {**self.bill.as_object(prices), "seconds": round(self.seconds, 1), "leaves": leaves}

    def table(self, prices: Prices | None) -> Table:
        """The estimate as a table, one row for each leaf."""
        heads = ["draws", "calls", "prompt tokens", "completion tokens", *(["money"] if prices else [])]
        table = make_table("leaf", *heads, "by", right=heads)
        for leaf in self.leaves:
            _, tally, money = next(iter(Bill.of(leaf.usage.items()).rows(prices)))
            numbers = (leaf.draws, tally.requests, tally.prompt_tokens, tally.completion_tokens)
            spent = [f"{money:,.4f}"] if prices else []
            by = "measured" if leaf.measured else "assumed"
            table.add_row(LeafPath(leaf.path), *(f"{number:,}" for number in numbers), *spent, by)
        return table


async def make_estimate(
    store: Store, snapshot: str, recipe: Recipe, endpoints: Endpoints, at_once: int
) -> Estimate:
    """Estimate a run of a snapshot, by what is on record and by assumptions; no call is made."""
    teacher = (endpoints.teacher.model, added_parameters(endpoints.teacher.parameters))
    judge = teacher
    if endpoints.judge:
        judge = (endpoints.judge.model, added_parameters(endpoints.judge.parameters))
    found = []
    for leaf in Snapshot.FromString(await store.get(f"snapshots/{snapshot}")).leaves:
        known = await recall(store, leaf.path, recipe.gates, teacher=teacher, judge=judge)
        found.append(await forecast(leaf, recipe, known, ASSUMED))
    # The rehearsal teacher answers at once.
    waiting = 0.0 if endpoints.rehearsed else sum(one.seconds(ASSUMED) for one in found)
    calls = sum(usage.requests for one in found for usage in one.usage.values())
    return Estimate(tuple(found), max(waiting / at_once, calls / ASSUMED.calls_a_second))
