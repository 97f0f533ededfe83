"""Runs, one row each, in the room there is: what is said elsewhere as well is left out first. Pure."""

from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markup import escape

from seedbed.bus.v1.bus_pb2 import RunPurpose
from seedbed.cli.render.bill import Bill
from seedbed.cli.render.duration import local_moment
from seedbed.cli.render.summary import state_name
from seedbed.cli.render.table import make_table
from seedbed.kernel.errors import InputError
from seedbed.pipeline.kinds import role_of
from seedbed.pipeline.recipe import read_recipe
from seedbed.runs.v1.runs_service_pb2 import Run

_COLUMNS = ("state", "samples", "leaves", "calls", "recalled", "dead", "cost", "teacher", "started", "ended")
_NUMBERS = ("samples", "leaves", "calls", "recalled", "dead", "cost")
_WIDE, _NARROW = 140, 100
_FIRST_TO_GO = ("leaves", "recalled", "ended")
_NEXT_TO_GO = ("dead", "started", "teacher")


def models_of(run: Run) -> tuple[str, str]:
    """The teacher and the judge, by the names of their models."""
    teachers, judges = (
        dict.fromkeys(spec.model for spec in run.steps if spec.model and role_of(spec.step) == role)
        for role in ("teacher", "judge")
    )
    return ", ".join(teachers), ", ".join(judges)


class RunTable:
    """A row for each run; columns go, the least needed first, where the terminal is narrow."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = runs

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        del console
        shown = [name for name in _COLUMNS if name not in _left_out(options.max_width)]
        numbers = [name for name in shown if name in _NUMBERS]
        table = make_table("run", *shown, right=numbers, unbroken=("run", "started", "ended"))
        for run in self._runs:
            cells = _cells(run)
            table.add_row(escape(run.name), *(escape(cells[name]) for name in shown))
        yield table


def _left_out(width: int) -> Iterable[str]:
    if width >= _WIDE:
        return ()
    return _FIRST_TO_GO if width >= _NARROW else (*_FIRST_TO_GO, *_NEXT_TO_GO)


def _cells(run: Run) -> dict[str, str]:
    progress = run.progress
    return {
        "state": _state(run),
        "samples": f"{progress.samples}/{progress.target}",
        "leaves": str(len(run.leaves)),
        "calls": f"{progress.requests:,}",
        "recalled": f"{progress.recalled:,}",
        "dead": f"{progress.dead:,}",
        "cost": _cost(run),
        "teacher": models_of(run)[0],
        "started": local_moment(run.create_time),
        "ended": local_moment(run.end_time),
    }


def _state(run: Run) -> str:
    by = f" by {run.superseded_by}" if run.superseded_by else ""
    purpose = ", for an evaluation" if run.purpose == RunPurpose.RUN_PURPOSE_EVALUATION else ""
    return f"{state_name(run)}{by}{purpose}"


def _cost(run: Run) -> str:
    """What all its records came to: money where prices were given, else tokens."""
    bill = Bill.recorded(run.progress)
    try:
        prices = read_recipe(run.recipe).prices
    except InputError:
        prices = None  # Made by another version: its plan says what cannot be read here.
    money = bill.as_object(prices)["money"]
    tokens = bill.total.prompt_tokens + bill.total.completion_tokens
    return f"{tokens:,} tokens" if money is None else f"{money:,.4f}"
