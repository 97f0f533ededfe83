"""`seedbed run`: the command and its options."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seedbed.cli.apps import options
from seedbed.cli.apps.shell import STATE, debugging
from seedbed.cli.apps.teacher_options import asks_a_teacher
from seedbed.cli.entrypoint import CommandRunner
from seedbed.cli.render.screen import Screen

if TYPE_CHECKING:
    from seedbed.cli.apps.budget_options import BudgetOptions
    from seedbed.cli.reach.endpoints import Wanted
    from seedbed.cli.stack.startup import Pace

_PANEL = "Student"

_Student = Annotated[
    str,
    typer.Option(
        metavar="NAME|DIR|scratch",
        help="Causal model to tune, on the hub or in a folder, or `scratch`: a small one made here.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
_TrainingRecipe = Annotated[
    str,
    typer.Option(
        metavar="FILE|NAME",
        help="Phases, replay and rates, as YAML, or a shipped one such as `small`; else `lab`.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
_Questions = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=0,
        help="Held-out questions a leaf; 20 where not given.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
_Gate = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Limits that the student must keep, as YAML.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]


@asks_a_teacher
def run(  # noqa: PLR0913  its options are its interface
    context: typer.Context,
    taxonomy: options.Taxonomy,
    *,
    wanted: "Wanted",
    student: _Student = "",
    training_recipe: _TrainingRecipe = "",
    rows: options.RowsFiles = None,
    questions: _Questions = 0,
    gate: _Gate = None,
    target: options.Target = 0,
    leaf: options.LeafGlobs = None,
    recipe: options.RecipeFile = None,
    pace: "Pace",
    budget: "BudgetOptions",
    state: options.State = STATE,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where dataset, student and report go.")] = Path(
        "grown"
    ),
    machine: options.Json = False,
) -> None:
    """From a taxonomy to a tuned student and the report on it: generate, train, evaluate, report.

    The same command again goes on where it was.
    Exit status: 0 all well, 3 short leaves, 4 gate not passed, 2 bad input, 130 interrupted, 1 otherwise.
    """
    from seedbed.cli.commands import generate
    from seedbed.cli.commands.pipeline import PipelineArguments, PipelineCommand

    generation = generate.GenerateArguments(
        taxonomy=taxonomy,
        state=state,
        out=out,
        wanted=wanted,
        target=target,
        leaves=tuple(leaf or ()),
        recipe=recipe,
        pace=pace,
        budget=budget,
    )
    order = PipelineArguments(
        generation=generation,
        student=student,
        training_recipe=training_recipe,
        out=out,
        rows=tuple(rows or ()),
        questions=questions,
        gate=gate,
    )
    screen = Screen(machine=machine)
    command = PipelineCommand(order, screen)
    CommandRunner(
        screen, debug=debugging(context), logs=state / "logs", on_failure=command.report_failure
    ).run(command.run)
