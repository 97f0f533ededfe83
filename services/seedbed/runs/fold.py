"""The fold of a leaf's records: what was announced, what is closed, and what that adds up to. Pure.

Sets, not counters: the order in which records come and how often they come make no difference.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator

from seedbed.bus.v1.bus_pb2 import LeafCounts, Outcome, Record, StepCounts
from seedbed.judge.v1.steps_pb2 import GroundedVerdict, PairVerdict
from seedbed.kernel.recipe import Gates
from seedbed.kernel.step import item_name
from seedbed.runs.ledger import Ledger

_OUTCOMES = {
    Outcome.OUTCOME_DONE: "done",
    Outcome.OUTCOME_MALFORMED: "malformed",
    Outcome.OUTCOME_FAILED: "failed",
}

_COSTS = ("requests", "prompt_tokens", "completion_tokens")


def gate_reason(record: Record, gates: Gates) -> str | None:
    """What the last gate says of a candidate: "" for accepted, else why not; None for other steps."""
    if record.step not in ("judge.pair", "judge.grounded"):
        return None
    if record.outcome == Outcome.OUTCOME_SKIPPED:
        return record.reason
    if record.outcome != Outcome.OUTCOME_DONE:
        return f"no verdict: {record.reason}"
    if record.step == "judge.pair":
        return gates.check_pair(PairVerdict.FromString(record.result))
    return gates.check_grounded(GroundedVerdict.FromString(record.result))


def is_new(record: Record) -> bool:
    """Whether a record was paid for in this run, and so belongs in a seal."""
    return not record.recalled and record.outcome != Outcome.OUTCOME_SKIPPED


class Fold:
    """Everything known of one leaf of one run. Items go by name: digest, and candidate if they have one."""

    def __init__(self, gates: Gates) -> None:
        self._gates = gates
        self._records: dict[str, Record] = {}
        self._announced: set[str] = set()
        self._open: dict[str, int] = {}
        self._counters: dict[str, Counter[str]] = {}
        self.ledger = Ledger()
        """What all of it cost."""
        self.passed = 0
        """Candidates that passed the last gate, near duplicates not yet taken out."""

    @property
    def open_items(self) -> int:
        """Items announced and not closed."""
        return len(self._open)

    @property
    def open_draws(self) -> set[int]:
        """Draws that still have open items."""
        return set(self._open.values())

    def announce(self, name: str, draw: int) -> None:
        """Take note that there is such an item."""
        if name in self._announced:
            return
        self._announced.add(name)
        if name not in self._records:
            self._open[name] = draw
        else:
            self._count(self._records[name])

    def take(self, record: Record) -> bool:
        """Take in a record; False where nothing new is in it."""
        name = item_name(record.digest, record.candidate)
        if not record.followed or name in self._records:
            return False
        self._records[name] = record
        self._open.pop(name, None)
        if name in self._announced:
            self._count(record)
        for child in record.announced:
            self.announce(item_name(child.digest, child.candidate), record.draw)
        return True

    def get(self, name: str) -> Record | None:
        """The record of an item."""
        return self._records.get(name)

    def below(self, name: str) -> Iterator[Record]:
        """The record of an item and all that followed from it: the same order for the same records."""
        record = self._records.get(name)
        if record is not None:
            yield record
            for child in record.announced:
                yield from self.below(item_name(child.digest, child.candidate))

    def has_open(self, draws: Container[int]) -> bool:
        """Whether one of these draws still has an open item."""
        return any(draw in draws for draw in self._open.values())

    def is_closed(self, names: Iterable[str]) -> bool:
        """Whether these items are closed, with all that followed from them."""
        left, seen = list(names), set[str]()
        while left:
            name = left.pop()
            if name in seen:
                continue
            seen.add(name)
            record = self._records.get(name)
            if record is None:
                return False
            left += [item_name(child.digest, child.candidate) for child in record.announced]
        return True

    def of_step(self, step: str) -> Iterator[Record]:
        """The records of one step."""
        return (record for record in self._records.values() if record.step == step)

    def new_records(self, known: set[str]) -> list[Record]:
        """Records paid for in this run that are not in `known`, by digest."""
        fresh = (r for r in self._records.values() if r.digest not in known and is_new(r))
        return sorted(fresh, key=lambda record: record.digest)

    def counts(self) -> LeafCounts:
        """Items by end, all in all and by step."""
        result = LeafCounts(
            steps=[_step_counts(step, counter) for step, counter in sorted(self._counters.items())]
        )
        for row in result.steps:
            row.recorded.CopyFrom(self.ledger.of_step(row.step))
            result.repeats += self._counters[row.step]["repeats"]
            result.items_done += row.done
            result.items_malformed += row.malformed
            result.items_failed += row.failed
            result.items_recalled += row.recalled
            result.usage.requests += row.usage.requests
            result.usage.prompt_tokens += row.usage.prompt_tokens
            result.usage.completion_tokens += row.usage.completion_tokens
        return result

    def _count(self, record: Record) -> None:
        """Once for each item, when it is both announced and closed."""
        if record.outcome == Outcome.OUTCOME_SKIPPED:
            return
        self.passed += gate_reason(record, self._gates) == ""
        counter = self._counters.setdefault(record.step, Counter())
        counter[_OUTCOMES[record.outcome]] += 1
        counter["recalled"] += record.recalled
        counter["repeats"] += record.repeats
        self.ledger.enter(record)
        if not record.recalled:
            for name in _COSTS:
                counter[name] += getattr(record.usage, name)


def _step_counts(step: str, counter: Counter[str]) -> StepCounts:
    row = StepCounts(step=step)
    for name in ("done", "malformed", "failed", "recalled"):
        setattr(row, name, counter[name])
    for name in _COSTS:
        setattr(row.usage, name, counter[name])
    return row
