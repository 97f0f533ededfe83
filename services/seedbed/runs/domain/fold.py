"""The fold of a leaf's records: what was announced, what is closed, and what that adds up to. Pure.

Sets, not counters: the order in which records come and how often they come make no difference. What is
decided is let go of: that it was there is all that is kept.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from seedbed.bus.v1.bus_pb2 import LeafCounts, Outcome, Record, StepCounts, Usage
from seedbed.pipeline.costs import add_usage
from seedbed.pipeline.failure_causes import Causes, is_given_up
from seedbed.pipeline.items import item_name
from seedbed.pipeline.kinds.entry import LeafKind
from seedbed.pipeline.recipe import Gates
from seedbed.runs.domain.leaf_budget import LeafCosts

_OUTCOMES = {
    Outcome.OUTCOME_DONE: "done",
    Outcome.OUTCOME_MALFORMED: "malformed",
    Outcome.OUTCOME_FAILED: "failed",
}

_COSTS = ("requests", "prompt_tokens", "completion_tokens")


def gate_reason(record: Record, kind: LeafKind, gates: Gates) -> str | None:
    """What the last gate says of a candidate: "" for accepted, else why not; None for other steps."""
    last = kind.last
    if record.step != last.name:
        return None
    if record.outcome == Outcome.OUTCOME_SKIPPED:
        return record.reason
    if record.outcome != Outcome.OUTCOME_DONE:
        return f"no verdict: {record.reason}"
    return last.gate.check(gates, record.result) if last.gate else ""


def is_new(record: Record) -> bool:
    """Whether a record was paid for in this run, and so belongs in a seal."""
    return not record.recalled and record.outcome not in (Outcome.OUTCOME_SKIPPED, Outcome.OUTCOME_DAMAGED)


class Fold:
    """What is known of one leaf of one run. Items go by name: digest, and candidate if they have one."""

    def __init__(self, kind: LeafKind, gates: Gates) -> None:
        self._kind = kind
        self._gates = gates
        self._records: dict[str, Record] = {}
        """Those not let go of yet."""
        self._strays: set[str] = set()
        """Names of records that nobody has announced yet."""
        self._open: dict[str, int] = {}
        """Draws of items announced and not closed."""
        self._open_in: Counter[int] = Counter()
        self._begun: set[int] = set()
        self._gone: set[bytes] = set()
        """Marks of the names that are let go of: their records may come again, and two draws to one item."""
        self._counters: dict[str, Counter[str]] = {}
        self._causes = Causes()
        self.ledger = LeafCosts()
        """What all of it cost."""
        self.passed = 0
        """Candidates that passed the last gate, near duplicates not yet taken out."""
        self.in_flight = 0
        """Open items of the draws that were begun."""

    @property
    def open_items(self) -> int:
        """Items announced and not closed."""
        return len(self._open)

    def open_in(self, draw: int) -> int:
        """How many items of a draw are open."""
        return self._open_in[draw]

    def begin(self, draw: int) -> None:
        """Count the open items of a draw as in flight, until it is let go of."""
        if draw not in self._begun:
            self._begun.add(draw)
            self.in_flight += self._open_in[draw]

    def announce(self, name: str, draw: int) -> bool:
        """Take note that there is such an item; True where it is open from now on."""
        if name in self._strays:
            self._strays.remove(name)
            self._count(self._records[name])
        elif name not in self._open and not self.is_recorded(name):
            self._open[name] = draw
            self._open_in[draw] += 1
            self.in_flight += draw in self._begun
            return True
        return False

    def take(self, record: Record) -> bool:
        """Take in a record; False where nothing new is in it."""
        name = item_name(record.digest, record.candidate)
        if not record.followed or self.is_recorded(name):
            return False
        self._records[name] = record
        self._pay(record)
        if name in self._open:
            self._close(name)
            self._count(record)
        else:
            self._strays.add(name)
        for child in record.announced:
            self.announce(item_name(child.digest, child.candidate), record.draw)
        return True

    def get(self, name: str) -> Record | None:
        """The record of an item, unless it is let go of."""
        return self._records.get(name)

    def is_recorded(self, name: str) -> bool:
        """Whether there is a record of an item, or was before it was let go of."""
        return name in self._records or _mark(name) in self._gone

    def below(self, name: str) -> Iterator[Record]:
        """The record of an item and all that followed from it: the same order for the same records."""
        record = self._records.get(name)
        if record is not None:
            yield record
            for child in record.announced:
                yield from self.below(item_name(child.digest, child.candidate))

    def is_closed(self, names: Iterable[str]) -> bool:
        """Whether these items are closed, with all that followed from them."""
        left, seen = list(names), set[str]()
        while left:
            name = left.pop()
            if name in seen:
                continue
            seen.add(name)
            record = self._records.get(name)
            if record is not None:
                left += [item_name(child.digest, child.candidate) for child in record.announced]
            elif _mark(name) not in self._gone:
                return False
        return True

    def let_go(self, draw: int, names: Iterable[str]) -> list[Record]:
        """Forget what is of a draw below its first items, as all of it is decided; returns what it was."""
        gone = [record for name in names for record in self.below(name) if record.draw == draw]
        for record in gone:
            name = item_name(record.digest, record.candidate)
            self._records.pop(name, None)
            self._gone.add(_mark(name))
        if draw in self._begun:
            self._begun.remove(draw)
            self.in_flight -= self._open_in[draw]
        return gone

    def rest(self) -> list[Record]:
        """What is not let go of."""
        return list(self._records.values())

    def counts(self) -> LeafCounts:
        """Items by end, all in all and by step."""
        result = LeafCounts(
            steps=[_step_counts(step, counter) for step, counter in sorted(self._counters.items())]
        )
        for row in result.steps:
            row.recorded.CopyFrom(self.ledger.of_step(row.step))
            row.dearest.CopyFrom(self.ledger.dearest(row.step) or Usage())
            result.repeats += self._counters[row.step]["repeats"]
            result.items_done += row.done
            result.items_malformed += row.malformed
            result.items_failed += row.failed
            result.items_recalled += row.recalled
            add_usage(result.usage, row.usage)
        result.causes.extend(self._causes.common())
        return result

    def _close(self, name: str) -> None:
        draw = self._open.pop(name)
        self.in_flight -= draw in self._begun
        self._open_in[draw] -= 1
        if not self._open_in[draw]:
            del self._open_in[draw]

    def _count(self, record: Record) -> None:
        """Once for each item, when it is both announced and closed."""
        if record.outcome == Outcome.OUTCOME_SKIPPED:
            return
        self.passed += gate_reason(record, self._kind, self._gates) == ""
        counter = self._counters.setdefault(record.step, Counter())
        counter[_OUTCOMES[record.outcome]] += 1
        counter["recalled"] += record.recalled
        if is_given_up(record):
            self._causes.add(record.reason)
        self.ledger.enter(record)

    def _pay(self, record: Record) -> None:
        """What this run was billed for: announced already, in a replay, or not."""
        if is_new(record) and record.usage.requests:
            counter = self._counters.setdefault(record.step, Counter())
            counter["repeats"] += record.repeats
            for name in _COSTS:
                counter[name] += getattr(record.usage, name)


def _mark(name: str) -> bytes:
    """What is kept of a name."""
    return hashlib.blake2b(name.encode(), digest_size=16).digest()


def _step_counts(step: str, counter: Counter[str]) -> StepCounts:
    row = StepCounts(step=step)
    for name in ("done", "malformed", "failed", "recalled"):
        setattr(row, name, counter[name])
    for name in _COSTS:
        setattr(row.usage, name, counter[name])
    return row
