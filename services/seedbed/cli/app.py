"""The command and its options. What it does stands in a module each, loaded when it is asked for."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seedbed import __version__
from seedbed.cli.apps import (
    dead,
    evaluations,
    options,
    pipeline,
    runs,
    samples,
    serving,
    store,
    taxonomy,
    trainings,
)
from seedbed.cli.apps.shell import STATE, debugging
from seedbed.cli.apps.teacher_options import asks_a_teacher
from seedbed.cli.entrypoint import CommandRunner
from seedbed.cli.render.screen import Screen

if TYPE_CHECKING:
    from seedbed.cli.apps.budget_options import BudgetOptions
    from seedbed.cli.reach.endpoints import Wanted
    from seedbed.cli.stack.startup import Pace

app = typer.Typer(
    name="seedbed",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001  typer calls it so
    if wanted:
        print(f"seedbed {__version__}")
        raise typer.Exit


@app.callback()
def whole(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Grows a tuned language model from a handful of seed examples, and says where each sample came from."""
    del debug, version


@asks_a_teacher
def generate(  # noqa: PLR0913  its options are its interface
    context: typer.Context,
    taxonomy: options.Taxonomy,
    *,
    wanted: "Wanted",
    target: options.Target = 0,
    leaf: options.LeafGlobs = None,
    recipe: options.RecipeFile = None,
    no_refill: Annotated[
        bool,
        typer.Option(
            "--no-refill", help="Ask no teacher: decide anew what there is, and leave short what is short."
        ),
    ] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Only say what it will come to, and ask no teacher.")
    ] = False,
    pace: "Pace",
    budget: "BudgetOptions",
    state: options.State = STATE,
    telemetry: options.Telemetry = False,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the dataset goes.")] = Path("dataset"),
    machine: options.Json = False,
) -> None:
    """From a taxonomy to a judged dataset, on a stack of its own.

    The same command again goes on where it was.
    Exit status: 0 all targets met, 3 finished with short leaves, 2 bad input, 130 interrupted, 1 otherwise.
    """
    from seedbed.cli.commands.generate import GenerateArguments, GenerateCommand

    order = GenerateArguments(
        taxonomy=taxonomy,
        state=state,
        out=out,
        wanted=wanted,
        target=target,
        leaves=tuple(leaf or ()),
        recipe=recipe,
        refill=not no_refill,
        pace=pace,
        telemetry=telemetry,
        only_estimate=estimate,
        budget=budget,
    )
    screen = Screen(machine=machine)
    command = GenerateCommand(order, screen)
    CommandRunner(
        screen, debug=debugging(context), logs=state / "logs", on_failure=command.report_failure
    ).run(command.run)


@asks_a_teacher
def up(
    context: typer.Context,
    *,
    wanted: "Wanted",
    pace: "Pace",
    state: options.State = STATE,
    telemetry: options.Telemetry = False,
    machine: options.Json = False,
) -> None:
    """Bring up a stack and keep it up until Ctrl-C."""
    from seedbed.cli.commands import up as work

    setup = work.Setup(state=state, wanted=wanted, pace=pace, telemetry=telemetry)
    screen = Screen(machine=machine)
    CommandRunner(screen, debug=debugging(context), logs=state / "logs").run(lambda: work.up(setup, screen))


def doctor(
    context: typer.Context,
    *,
    teacher: options.Teacher = "",
    model: options.Model = "",
    api_key_env: options.ApiKeyEnv = "",
    timeout: options.Timeout = 0,
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Look at what is installed, reachable and writable, and say what to do about what is not."""
    from seedbed.cli.commands import doctor as work
    from seedbed.cli.reach.endpoints import Wanted

    wanted = Wanted(teacher=teacher, model=model, api_key_env=api_key_env)
    screen = Screen(machine=machine)
    CommandRunner(screen, debug=debugging(context)).run(
        lambda: work.examine(state, wanted, server, timeout, screen)
    )


_COMMANDS = {
    "From a taxonomy to a student": (
        pipeline.run,
        generate,
        trainings.train,
        evaluations.evaluate,
        samples.report,
        serving.serve,
        serving.chat,
    ),
    "What was made, and why": (
        samples.samples,
        samples.trace,
        runs.diff,
        samples.export,
    ),
    "Looking after it": (doctor, up, store.forget),
}
_GROUPS = {
    "What was made, and why": {"runs": runs.app, "trainings": trainings.app},
    "Looking after it": {"taxonomy": taxonomy.app, "dead": dead.app, "store": store.store},
}
for panel, commands in _COMMANDS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)
for panel, groups in _GROUPS.items():
    for name, group in groups.items():
        app.add_typer(group, name=name, rich_help_panel=panel)
