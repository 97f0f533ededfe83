"""What earlier runs of a leaf measured: what an item of each step cost, and how many passed. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from seedbed.bus.v1.bus_pb2 import Outcome, Record, Usage
from seedbed.judge.v1.steps_pb2 import GroundedVerdict, InstructionVerdict, PairVerdict
from seedbed.knowledge.v1.steps_pb2 import GenerateResult
from seedbed.pipeline.costs import add_usage
from seedbed.pipeline.recipe import Gates
from seedbed.skills.v1.steps_pb2 import InstructResult

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
    """Sum up records."""
    found = Measures()
    for record in records:
        found.items[record.step] += 1
        add_usage(found.costs.setdefault(record.step, Usage()), record.usage)
        if record.outcome == Outcome.OUTCOME_DONE:
            found.passed[record.step] += _passes(record, gates)
            found.born += _births(record)
    return found


def _passes(record: Record, gates: Gates) -> bool:
    match record.step:
        case "judge.instruction":
            return not gates.check_instruction(InstructionVerdict.FromString(record.result))
        case "judge.pair":
            return not gates.check_pair(PairVerdict.FromString(record.result))
        case "judge.grounded":
            return not gates.check_grounded(GroundedVerdict.FromString(record.result))
    return True


def _births(record: Record) -> int:
    match record.step:
        case "knowledge.generate":
            return len(GenerateResult.FromString(record.result).pairs)
        case "skills.instruct":
            return len(InstructResult.FromString(record.result).instructions)
    return 0
