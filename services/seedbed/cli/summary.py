"""What came of a run, as a table for people and as one object for machines. Pure."""

from dataclasses import dataclass
from typing import Any, Self

from rich.markup import escape
from rich.table import Table

from seedbed.bus.v1.bus_pb2 import LeafState, RunState
from seedbed.cli.failure import DONE, FAILED, SHORT
from seedbed.runs.v1.runs_service_pb2 import LeafProgress, Progress, Run

_COUNTS = ("accepted", "rejected", "duplicate", "unneeded")
_ENDED = (RunState.RUN_STATE_SUCCEEDED, RunState.RUN_STATE_SHORT, RunState.RUN_STATE_CANCELLED)


def state_name(run: Run) -> str:
    """`running`, `succeeded`, `short` or `cancelled`."""
    return RunState.Name(run.state).removeprefix("RUN_STATE_").lower()


def has_ended(run: Run) -> bool:
    """Whether nothing more will come of it by itself."""
    return run.state in _ENDED


def leaf_state(leaf: LeafProgress) -> str:
    """`waiting`, `open`, `sealed` or `cancelled`."""
    return LeafState.Name(leaf.state).removeprefix("LEAF_STATE_").lower()


def accepted(leaf: LeafProgress) -> int:
    """The leaf's samples; what it has so far while it is open."""
    ended = leaf.state in (LeafState.LEAF_STATE_SEALED, LeafState.LEAF_STATE_CANCELLED)
    return leaf.counts.accepted if ended else max(leaf.counts.accepted, leaf.accepted_so_far)


@dataclass(frozen=True, slots=True)
class Tally:
    """What the teachers were asked, up to some moment."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @classmethod
    def of(cls, progress: Progress) -> Self:
        """The tally on record."""
        return cls(progress.requests, progress.prompt_tokens, progress.completion_tokens)

    def since(self, earlier: "Tally") -> "Tally":
        """What was added since then."""
        return Tally(
            max(0, self.requests - earlier.requests),
            max(0, self.prompt_tokens - earlier.prompt_tokens),
            max(0, self.completion_tokens - earlier.completion_tokens),
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """A run and what this invocation spent on it."""

    run: Run
    spent: Tally
    seconds: float

    @property
    def exit_code(self) -> int:
        """What the shell gets."""
        codes = {RunState.RUN_STATE_SUCCEEDED: DONE, RunState.RUN_STATE_SHORT: SHORT}
        return codes.get(self.run.state, FAILED)

    def as_object(self) -> dict[str, Any]:
        """The object of `--json`."""
        progress = self.run.progress
        return {
            "run": self.run.name,
            "state": state_name(self.run),
            "teacher_calls": self.spent.requests,
            "recalled": progress.recalled,
            "samples": progress.samples,
            "dead": progress.dead,
            "seconds": round(self.seconds, 3),
            "tokens": {"prompt": self.spent.prompt_tokens, "completion": self.spent.completion_tokens},
            "leaves": [_leaf_object(leaf) for leaf in self.run.leaves],
        }

    def headline(self) -> str:
        """One line that says it all."""
        progress = self.run.progress
        return (
            f"run {self.run.name}: {state_name(self.run)}, {progress.samples} of {progress.target} samples, "
            f"{self.spent.requests} teacher calls, {progress.recalled} recalled, "
            f"{progress.dead} dead letters, {self.seconds:.1f} s"
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
        "reason": leaf.reason,
    }


def leaf_table(run: Run, *, title: str = "") -> Table:
    """One row a leaf."""
    table = Table(title=escape(title) or None, title_justify="left", header_style="bold")
    table.add_column("leaf", overflow="fold")
    table.add_column("kind")
    for name in ("target", *_COUNTS, "malformed", "failed", "rounds"):
        table.add_column(name, justify="right")
    table.add_column("reason", overflow="fold")
    for leaf in run.leaves:
        row = _leaf_object(leaf)
        met = row["accepted"] >= row["target"]
        table.add_row(*(escape(str(value)) for value in row.values()), style=None if met else "yellow")
    return table
