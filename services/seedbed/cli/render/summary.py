"""What came of a run, as a table for people and as one object for machines. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seedbed.bus.v1.bus_pb2 import Cause, LeafState, RunState
from seedbed.cli.commands.estimate import Estimate
from seedbed.cli.render.bill import Bill, tabulate
from seedbed.cli.render.duration import moment
from seedbed.cli.render.failure import DONE, FAILED, SHORT
from seedbed.cli.render.paths import LeafPath
from seedbed.cli.render.table import make_table
from seedbed.pipeline.failure_causes import count_calls, explain
from seedbed.pipeline.recipe import Recipe
from seedbed.runs.v1.runs_service_pb2 import LeafProgress, Run

_COUNTS = ("accepted", "rejected", "duplicate", "unneeded")
_COLUMNS = ("kind", "state", "samples", "rejected", "duplicate", "unneeded", "dead", "rounds")
_NARROW = 100
_ENDED = (
    RunState.RUN_STATE_SUCCEEDED,
    RunState.RUN_STATE_SHORT,
    RunState.RUN_STATE_FAILED,
    RunState.RUN_STATE_CANCELLED,
)


def state_name(run: Run) -> str:
    """How a run stands: `running`, `succeeded`, `short`, `failed`, `cancelled`.

    `stopped` where nobody works on it until it is asked for again, `superseded` where another one was asked
    for instead, `broken` where its record cannot be read.
    """
    if run.broken:
        return "broken"
    if run.superseded_by:
        return "superseded"
    if run.dormant:
        return "stopped"
    return RunState.Name(run.state).removeprefix("RUN_STATE_").lower()


def has_ended(run: Run) -> bool:
    """Whether nothing more will come of it by itself."""
    return bool(run.broken) or run.state in _ENDED


def leaf_state(leaf: LeafProgress) -> str:
    """`waiting`, `open`, `sealed` or `cancelled`."""
    return LeafState.Name(leaf.state).removeprefix("LEAF_STATE_").lower()


def accepted(leaf: LeafProgress) -> int:
    """The leaf's samples; what it has so far while it is open."""
    ended = leaf.state in (LeafState.LEAF_STATE_SEALED, LeafState.LEAF_STATE_CANCELLED)
    return leaf.counts.accepted if ended else max(leaf.counts.accepted, leaf.accepted_so_far)


@dataclass(frozen=True, slots=True)
class Summary:
    """A run and what this invocation spent on it."""

    run: Run
    spent: Bill
    seconds: float
    recipe: Recipe
    estimate: Estimate | None = None

    @property
    def exit_code(self) -> int:
        """The exit status for a run: complete, short of its target, or failed."""
        codes = {RunState.RUN_STATE_SUCCEEDED: DONE, RunState.RUN_STATE_SHORT: SHORT}
        return codes.get(self.run.state, FAILED)

    def as_object(self) -> dict[str, Any]:
        """The object that `generate --json` prints at its end."""
        progress, spent, recipe = self.run.progress, self.spent.total, self.recipe
        return {
            "run": self.run.name,
            "state": state_name(self.run),
            **({"superseded_by": self.run.superseded_by} if self.run.superseded_by else {}),
            "started": moment(self.run.create_time),
            "ended": moment(self.run.end_time),
            **({"broken": self.run.broken} if self.run.broken else {}),
            "teacher_calls": spent.requests,
            "recalled": progress.recalled,
            "samples": progress.samples,
            "dead": progress.dead,
            "causes": _cause_objects(progress.causes),
            "seconds": round(self.seconds, 3),
            "tokens": {"prompt": spent.prompt_tokens, "completion": spent.completion_tokens},
            "bill": {**self.spent.as_object(recipe.prices), "repeated_at_most": self.spent.repeats},
            "recorded": Bill.recorded(progress).as_object(recipe.prices),
            "estimate": self.estimate.as_object(recipe.prices) if self.estimate else None,
            "budget": recipe.budget.model_dump(exclude_none=True) if recipe.budget else None,
            "leaves": [_leaf_object(leaf) for leaf in self.run.leaves],
        }

    def headline(self) -> str:
        """One line that says it all."""
        progress = self.run.progress
        return (
            f"run {self.run.name}: {state_name(self.run)}, {progress.samples} of {progress.target} samples, "
            f"{self.spent.total.requests} teacher calls, {progress.recalled} recalled, "
            f"{progress.dead} dead letters, {self.seconds:.1f} s"
        )

    def failures(self) -> str:
        """Why calls were given up, in one line; "" where none was."""
        progress = self.run.progress
        why = explain(progress.causes, count_calls(progress.steps)[1])
        if self.run.state != RunState.RUN_STATE_FAILED:
            return why
        again = f"once the cause is mended, `seedbed dead retry {self.run.name}` has them asked again"
        return f"no call came to anything: {why}; {again}"

    def costs(self) -> Table:
        """What it cost: what was expected, what all records came to, what this command was billed for."""
        expected = [("estimated", self.estimate.bill, self.estimate.seconds)] if self.estimate else []
        recorded = ("on record", Bill.recorded(self.run.progress), None)
        return tabulate(
            [*expected, recorded, ("this command", self.spent, self.seconds or None)], self.recipe.prices
        )


def _leaf_object(leaf: LeafProgress) -> dict[str, Any]:
    return {
        "path": leaf.path,
        "kind": leaf.kind,
        "target": leaf.target,
        "accepted": accepted(leaf),
        **{name: getattr(leaf.counts, name) for name in _COUNTS[1:]},
        "malformed": leaf.counts.items_malformed,
        "failed": leaf.counts.items_failed,
        "rounds": leaf.rounds,
        "causes": _cause_objects(leaf.counts.causes),
        "reason": leaf.reason,
        "notes": list(leaf.notes),
    }


def _cause_objects(causes: Iterable[Cause]) -> list[dict[str, Any]]:
    return [{"reason": cause.reason, "count": cause.count} for cause in causes]


class LeafTable:
    """One row a leaf, in the room there is: columns of zeros are left out.

    Below it, why leaves are short and calls failed, and what of their documents was not read.
    """

    def __init__(self, run: Run) -> None:
        self._leaves = list(run.leaves)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table and what is to be said about it."""
        del console
        yield self._table(narrow=options.max_width < _NARROW)
        for leaf in self._leaves:
            # A leaf that is short says it among its reasons.
            if why := leaf.reason or explain(leaf.counts.causes, count_calls(leaf.counts.steps)[1]):
                yield _below(leaf, why)
            yield from (_below(leaf, note) for note in leaf.notes)

    def _table(self, *, narrow: bool) -> Table:
        cells = [_cells(leaf) for leaf in self._leaves]
        shown = {name for row in cells for name, value in row.items() if value != "0"} | {"samples", "rounds"}
        if all(leaf.state == LeafState.LEAF_STATE_SEALED for leaf in self._leaves):
            shown.discard("state")
        if narrow:
            shown.discard("kind")
        names = [name for name in _COLUMNS if name in shown]
        words = ("kind", "state")
        table = make_table(
            "leaf", *names, right=[name for name in names if name not in words], unbroken=words
        )
        for leaf, row in zip(self._leaves, cells, strict=True):
            met = accepted(leaf) >= leaf.target
            table.add_row(
                LeafPath(leaf.path), *(escape(row[name]) for name in names), style=None if met else "yellow"
            )
        return table


def _below(leaf: LeafProgress, words: str) -> Padding:
    return Padding(Text(f"{leaf.path}: {words}", style="yellow"), (0, 0, 0, 2))


def _cells(leaf: LeafProgress) -> dict[str, str]:
    counts = leaf.counts
    numbers = (
        counts.rejected,
        counts.duplicate,
        counts.unneeded,
        counts.items_malformed + counts.items_failed,
    )
    words = (
        leaf.kind.removesuffix("_skill"),
        leaf_state(leaf),
        f"{accepted(leaf)}/{leaf.target}",
        *map(str, (*numbers, leaf.rounds)),
    )
    return dict(zip(_COLUMNS, words, strict=True))
