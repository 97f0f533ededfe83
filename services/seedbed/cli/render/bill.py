"""Bills: what the teacher and the judge were asked, and what it comes to. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

from rich.table import Table

from seedbed.bus.v1.bus_pb2 import Usage
from seedbed.cli.render.duration import format_seconds
from seedbed.cli.render.table import make_table
from seedbed.pipeline.costs import COIN, charge
from seedbed.pipeline.kinds import Role, role_of
from seedbed.pipeline.recipe import Prices
from seedbed.runs.v1.runs_service_pb2 import Progress


@dataclass(frozen=True, slots=True)
class Tally:
    """Requests, and the tokens in them and in their replies."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @classmethod
    def of(cls, usages: Iterable[Usage]) -> Self:
        """The sum of several usages."""
        rows = [(one.requests, one.prompt_tokens, one.completion_tokens) for one in usages]
        return cls(*map(sum, zip(*rows, strict=True)))

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.requests + other.requests,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )

    def since(self, earlier: "Tally") -> "Tally":
        """What was added since then."""
        return Tally(
            max(0, self.requests - earlier.requests),
            max(0, self.prompt_tokens - earlier.prompt_tokens),
            max(0, self.completion_tokens - earlier.completion_tokens),
        )

    def as_usage(self) -> Usage:
        """As the records say it."""
        return Usage(
            requests=self.requests,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class Bill:
    """Who was asked how much, and how many calls may have been made once more than anybody has on record."""

    teacher: Tally = Tally()
    judge: Tally = Tally()
    repeats: int = 0

    @classmethod
    def of(cls, steps: Iterable[tuple[str, Usage]], repeats: int = 0) -> Self:
        """The bill of what steps used, each under the role it asks."""
        rows = [(role_of(step) == "judge", usage) for step, usage in steps]
        teacher, judge = (
            Tally.of(usage for judged, usage in rows if judged is which) for which in (False, True)
        )
        return cls(teacher, judge, repeats)

    @classmethod
    def paid(cls, progress: Progress) -> Self:
        """What a run has paid for by itself."""
        return cls.of(((row.step, row.usage) for row in progress.steps), progress.repeats)

    @classmethod
    def recorded(cls, progress: Progress) -> Self:
        """What all records of a run cost, whoever paid."""
        return cls.of((row.step, row.recorded) for row in progress.steps)

    @property
    def total(self) -> Tally:
        """Teacher and judge together."""
        return self.teacher + self.judge

    def since(self, earlier: "Bill") -> "Bill":
        """What was added since then."""
        repeats = max(0, self.repeats - earlier.repeats)
        return Bill(self.teacher.since(earlier.teacher), self.judge.since(earlier.judge), repeats)

    def rows(self, prices: Prices | None) -> Iterator[tuple[str, Tally, float | None]]:
        """Both, and each by itself, with the money it comes to."""
        parts: list[tuple[Role, Tally]] = [("teacher", self.teacher), ("judge", self.judge)]
        coins = [charge(role, tally.as_usage(), prices) / COIN if prices else None for role, tally in parts]
        yield "", self.total, sum(filter(None, coins)) if prices else None
        for (role, tally), money in zip(parts, coins, strict=True):
            yield role, tally, money

    def as_object(self, prices: Prices | None) -> dict[str, Any]:
        """The bill for `--json`: sums, then teacher and judge by themselves."""
        found: dict[str, Any] = {}
        for name, tally, money in self.rows(prices):
            part = {
                "calls": tally.requests,
                "prompt_tokens": tally.prompt_tokens,
                "completion_tokens": tally.completion_tokens,
                "money": None if money is None else round(money, 6),
            }
            found |= {name: part} if name else part
        return found


def tabulate(bills: Iterable[tuple[str, Bill, float | None]], prices: Prices | None) -> Table:
    """Bills below each other, each with its parts, and how many seconds it took, where that is known."""
    heads = ["calls", "prompt tokens", "completion tokens", *(["money"] if prices else []), "time"]
    table = make_table("cost", *heads, right=heads)
    for title, bill, seconds in bills:
        for name, tally, money in bill.rows(prices):
            if name and not tally.requests:
                continue
            again = f" (+ {bill.repeats} at most)" if bill.repeats and not name else ""
            cells = [f"{tally.requests:,}{again}", f"{tally.prompt_tokens:,}", f"{tally.completion_tokens:,}"]
            spent = [f"{money:,.4f}"] if prices else []
            time = "" if name or seconds is None else format_seconds(seconds)
            table.add_row(f"  {name}" if name else title, *cells, *spent, time)
    return table
