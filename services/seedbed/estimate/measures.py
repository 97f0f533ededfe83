"""What earlier runs of a leaf measured: what an item of each step cost, and how many passed. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from seedbed.bus.v1.bus_pb2 import Outcome, Record, Usage
from seedbed.pipeline.costs import add_usage
from seedbed.pipeline.kinds import step_of
from seedbed.pipeline.recipe import Gates

ENOUGH = 10
"""Fewer items than these measure nothing."""


@dataclass(slots=True)
class Measures:
    """Sums over the records of a leaf, by step."""

    items: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    born: int = 0
    """Candidates."""
    costs: dict[str, Usage] = field(default_factory=dict)

    def share(self, step: str, assumed: float) -> float:
        """Which share of a step's items passed the gate."""
        known = self.items[step]
        return self.passed[step] / known if known >= ENOUGH else assumed

    def new(self, judge: str, assumed: float) -> float:
        """Which share of what was born came to its first judge."""
        return min(1.0, self.items[judge] / self.born) if self.born >= ENOUGH else assumed

    def cost(self, step: str) -> Usage | None:
        """What the items of a step cost all together, where there were enough."""
        return self.costs[step] if self.items[step] >= ENOUGH else None


def measure(records: Iterable[Record], gates: Gates) -> Measures:
    """Sums over records: items and cost by step, how many passed the gate, how many candidates were born."""
    found = Measures()
    for record in records:
        found.items[record.step] += 1
        add_usage(found.costs.setdefault(record.step, Usage()), record.usage)
        if record.outcome == Outcome.OUTCOME_DONE:
            step = step_of(record.step)
            found.passed[record.step] += not (step.gate and step.gate.check(gates, record.result))
            found.born += len(step.births(record.result))
    return found
