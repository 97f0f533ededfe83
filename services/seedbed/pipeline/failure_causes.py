"""Causes: why calls were given up, like ones taken together, the commonest first. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from seedbed.bus.v1.bus_pb2 import Cause, LeafCounts, Outcome, Record, StepCounts
from seedbed.pipeline.kinds import role_of

_KEPT = 12
_SHOWN = 3
_MOST_LETTERS = 160
# A status says what kind of fault it is; all other words with a digit in them are numbers, names and ids.
_VARIES = re.compile(r"(?<!HTTP )\b\w*\d\w*(?:[-.:]\w+)*")


class Causes:
    """Counts reasons; those that differ in numbers and names only are one."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._words: dict[str, str] = {}

    def add(self, reason: str, count: int = 1, *, exactly: bool = False) -> None:
        """Take note of a reason; `exactly` where it differs from others by its numbers alone."""
        words = _shorten(reason)
        kind = words if exactly else _VARIES.sub("#", words)
        self._counts[kind] += count
        # Whichever came first, the same one stands for all of them.
        self._words[kind] = min(words, self._words.get(kind, words))

    def common(self, most: int = _KEPT) -> list[Cause]:
        """The most frequent causes, each with its count; of equal ones by name."""
        found = [Cause(reason=self._words[kind], count=count) for kind, count in self._counts.items()]
        return sorted(found, key=lambda cause: (-cause.count, cause.reason))[:most]


def is_given_up(record: Record) -> bool:
    """Whether a record is of a call that was given up."""
    given_up = record.outcome in (Outcome.OUTCOME_MALFORMED, Outcome.OUTCOME_FAILED)
    return given_up and role_of(record.step) is not None


def add_up(leaves: Iterable[LeafCounts]) -> list[Cause]:
    """The commonest causes of several leaves."""
    whole = Causes()
    for counts in leaves:
        for cause in counts.causes:
            whole.add(cause.reason, cause.count)
    return whole.common()


def count_calls(steps: Iterable[StepCounts]) -> tuple[int, int]:
    """Calls that came to something, and calls that were given up."""
    asking = [row for row in steps if role_of(row.step) is not None]
    return sum(row.done for row in asking), sum(row.malformed + row.failed for row in asking)


def explain(causes: Sequence[Cause], given_up: int) -> str:
    """Why so many calls were given up, in words; "" where none was."""
    if not given_up:
        return ""
    shown = causes[:_SHOWN]
    words = [f"{cause.count} × {cause.reason}" for cause in shown]
    if others := given_up - sum(cause.count for cause in shown):
        words.append(f"{others} × other reasons")
    return f"{given_up} {'call' if given_up == 1 else 'calls'} failed: {', '.join(words)}"


def _shorten(reason: str) -> str:
    words = " ".join(reason.split()) or "no reason was given"
    return words if len(words) <= _MOST_LETTERS else f"{words[: _MOST_LETTERS - 1]}…"
