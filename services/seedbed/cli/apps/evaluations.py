"""`seedbed evaluate`: the command and its options."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seedbed.cli.apps import options
from seedbed.cli.apps.shell import STATE, debugging
from seedbed.cli.apps.teacher_options import asks_a_teacher
from seedbed.cli.entrypoint import CommandRunner
from seedbed.cli.render.screen import Screen

if TYPE_CHECKING:
    from seedbed.cli.reach.endpoints import Wanted
    from seedbed.cli.stack.startup import Pace


_Subject = Annotated[
    str,
    typer.Argument(
        metavar="RUN|TRAINING", help="A training, or a run: then its latest training.", show_default=False
    ),
]
_Checkpoints = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PHASE", help="Only the checkpoint of this phase; may be given again.", show_default=False
    ),
]
_Base = Annotated[
    str,
    typer.Option(
        metavar="NAME|DIR",
        help="Against this model; else what the training began from.",
        show_default=False,
    ),
]
_Questions = Annotated[
    int,
    typer.Option(metavar="N", min=0, help="Questions a leaf; 20 where not given.", show_default=False),
]
_Gate = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Limits that the last checkpoint must keep, as YAML.", show_default=False
    ),
]
_GeneralSet = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A general set of your own, as JSON lines.", show_default=False),
]
_Benchmarks = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Benchmarks: DIR/mmlu, DIR/arc, DIR/hellaswag, DIR/winogrande, DIR/gsm8k, each a copy of "
        "its data set on the hub.",
        show_default=False,
    ),
]
_Out = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Where questions, lm-eval tasks and scores go.", show_default=False),
]


@asks_a_teacher
def evaluate(  # noqa: PLR0913  its options are its interface
    context: typer.Context,
    subject: _Subject,
    *,
    checkpoint: _Checkpoints = None,
    base: _Base = "",
    questions: _Questions = 0,
    gate: _Gate = None,
    general: _GeneralSet = None,
    benchmarks: _Benchmarks = None,
    wanted: "Wanted",
    pace: "Pace",
    state: options.State = STATE,
    out: _Out = None,
    machine: options.Json = False,
) -> None:
    """Say what each leaf gained by a training, and what was forgotten.

    Held-out questions for each leaf, base against checkpoints, with an interval of 95 %.
    Exit status: 0 done, 4 the gate is not passed, 2 bad input, 130 interrupted, 1 otherwise.
    """
    from seedbed.cli.commands.evaluate import EvaluateArguments, EvaluateCommand

    order = EvaluateArguments(
        subject=subject,
        state=state,
        wanted=wanted,
        checkpoints=tuple(checkpoint or ()),
        base=base,
        questions=questions,
        gate=gate,
        general=general,
        benchmarks=benchmarks,
        out=out,
        pace=pace,
    )
    screen = Screen(machine=machine)
    command = EvaluateCommand(order, screen)
    CommandRunner(
        screen, debug=debugging(context), logs=state / "logs", on_failure=command.report_failure
    ).run(command.run)
