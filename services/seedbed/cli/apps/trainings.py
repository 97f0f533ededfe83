"""`seedbed train` and `seedbed trainings …`: the commands and their options."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from seedbed.cli.apps import options
from seedbed.cli.apps.shell import STATE, debugging
from seedbed.cli.entrypoint import CommandRunner
from seedbed.cli.render.screen import Screen

if TYPE_CHECKING:
    from seedbed.cli.reach.trainers import Trainer

app = typer.Typer(help="List, show, watch and cancel trainings.", no_args_is_help=True)

Name = Annotated[
    str,
    typer.Argument(metavar="TRAINING", help="Its id, the beginning of it, or `latest`.", show_default=False),
]
Server = Annotated[
    str,
    typer.Option(
        "--server",
        metavar="HOST:PORT",
        help="The trainer of a running stack; else the stack of --state is meant.",
        rich_help_panel="Stack",
        show_default=False,
    ),
]


_Dataset = Annotated[
    str, typer.Argument(metavar="DATASET|RUN", help="A dataset's folder, or a run.", show_default=False)
]
_Model = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="NAME|DIR|scratch",
        help="Causal model on the hub or in a folder, or `scratch`: a small one made here.",
        show_default=False,
    ),
]
_TrainingRecipe = Annotated[
    str,
    typer.Option(
        "--training-recipe",
        metavar="FILE|NAME",
        help="Phases, replay and rates, as YAML, or the name of a shipped one such as `small`; "
        "`lab` where not given.",
        show_default=False,
    ),
]


def train(  # noqa: PLR0913  its options are its interface
    context: typer.Context,
    dataset: _Dataset,
    *,
    model: _Model = "",
    recipe: _TrainingRecipe = "",
    rows: options.RowsFiles = None,
    server: Server = "",
    state: options.State = STATE,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the student goes.")] = Path("student"),
    machine: options.Json = False,
) -> None:
    """From a dataset to a tuned student, phase by phase, on a stack of its own.

    The same command again goes on where it was.
    Exit status: 0 trained, 2 bad input, 130 interrupted, 1 otherwise.
    """
    from seedbed.cli.commands.train import TrainArguments, TrainCommand

    screen = Screen(machine=machine)
    command = TrainCommand(
        TrainArguments(
            dataset=dataset,
            model=model,
            recipe=recipe,
            state=state,
            out=out,
            server=server,
            rows=tuple(rows or ()),
        ),
        screen,
    )
    CommandRunner(
        screen, debug=debugging(context), logs=state / "logs", on_failure=command.report_failure
    ).run(command.run)


@app.command("list")
def list_trainings(
    context: typer.Context,
    *,
    server: Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """List all trainings."""
    from seedbed.cli.commands import trainings as work

    screen = Screen(machine=machine)
    _ask(context, server, state, screen, lambda trainer: work.show_list(trainer, screen))


@app.command()
def show(
    context: typer.Context,
    training: Name,
    *,
    server: Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Show one training, phase by phase."""
    from seedbed.cli.commands import trainings as work

    screen = Screen(machine=machine)
    _ask_of(
        context,
        server,
        state,
        screen,
        training,
        lambda trainer, name: work.show_training(trainer, name, screen),
    )


@app.command()
def watch(
    context: typer.Context,
    training: Name,
    *,
    server: Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Follow a training to its end; the exit status is the training's."""
    from seedbed.cli.commands import trainings as work

    screen = Screen(machine=machine)
    _ask_of(context, server, state, screen, training, lambda trainer, name: work.watch(trainer, name, screen))


@app.command()
def cancel(
    context: typer.Context,
    training: Name,
    *,
    server: Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Stop a training; what it has is kept."""
    from seedbed.cli.commands import trainings as work

    screen = Screen(machine=machine)
    _ask_of(
        context, server, state, screen, training, lambda trainer, name: work.cancel(trainer, name, screen)
    )


def _ask_of(
    context: typer.Context,
    server: str,
    state: Path,
    screen: Screen,
    given: str,
    work: "Callable[[Trainer, str], Awaitable[int]]",
) -> NoReturn:
    """Do work about a training, given as people name them."""

    async def find(trainer: "Trainer") -> int:
        from seedbed.cli.reach.ids import find_training

        return await work(trainer, await find_training(trainer, given))

    _ask(context, server, state, screen, find)


def _ask(
    context: typer.Context,
    server: str,
    state: Path,
    screen: Screen,
    work: "Callable[[Trainer], Awaitable[int]]",
) -> NoReturn:
    async def reach() -> int:
        from seedbed.cli.reach.trainers import reach_trainer

        async with reach_trainer(server, state, screen.warn) as trainer:
            return await work(trainer)

    CommandRunner(screen, debug=debugging(context), logs=state / "logs").run(reach)
