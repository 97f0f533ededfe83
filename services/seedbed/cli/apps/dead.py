"""`seedbed dead …`: the commands and their options."""

from typing import Annotated

import typer

from seedbed.cli.apps import options
from seedbed.cli.apps.shell import STATE, ask_of_runs
from seedbed.cli.render.screen import Screen

app = typer.Typer(help="Items given up: why, trying them again, letting them be.", no_args_is_help=True)

Item = Annotated[
    str, typer.Argument(metavar="ITEM", help="The beginning of an item's digest.", show_default=False)
]
Items = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ITEM]...", help="Beginnings of items' digests.", show_default=False),
]
AnyRun = Annotated[
    str, typer.Argument(metavar="[RUN]", help="Of all runs where none is named.", show_default=False)
]
All = Annotated[bool, typer.Option("--all", help="All of the run.")]
Reason = Annotated[
    str,
    typer.Option("--reason", metavar="TEXT", help="Those whose reason contains this.", show_default=False),
]


def _check_choice(items: list[str], reason: str, *, everything: bool) -> None:
    if sum((bool(items), everything, bool(reason))) != 1:
        raise typer.BadParameter("name items, or give --all or --reason TEXT", param_hint="ITEM")


@app.command("list")
def list_letters(
    context: typer.Context,
    run: AnyRun = "",
    *,
    reason: Reason = "",
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """List the items given up, with their reasons."""
    from seedbed.cli.commands import dead as work

    screen = Screen(machine=machine)
    ask_of_runs(
        context, server, state, screen, [run], lambda runs, run: work.show_letters(runs, run, reason, screen)
    )


@app.command()
def show(
    context: typer.Context,
    item: Item,
    *,
    run: options.OfRun = "",
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Show one item given up."""
    from seedbed.cli.commands import dead as work

    screen = Screen(machine=machine)
    ask_of_runs(
        context, server, state, screen, [run], lambda runs, run: work.show_letter(runs, item, run, screen)
    )


@app.command()
def retry(
    context: typer.Context,
    run: options.RunName,
    items: Items = None,
    *,
    everything: All = False,
    reason: Reason = "",
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Open items again: their leaves are settled anew, and pay for nothing else."""
    from seedbed.cli.commands import dead as work

    screen, named = Screen(machine=machine), items or []
    _check_choice(named, reason, everything=everything)
    ask_of_runs(
        context,
        server,
        state,
        screen,
        [run],
        lambda runs, run: work.retry_letters(runs, run, named, reason, screen),
    )


@app.command()
def drop(
    context: typer.Context,
    run: options.RunName,
    items: Items = None,
    *,
    everything: All = False,
    reason: Reason = "",
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Take items off the list; what came of the run stays as it is."""
    from seedbed.cli.commands import dead as work

    screen, named = Screen(machine=machine), items or []
    _check_choice(named, reason, everything=everything)
    ask_of_runs(
        context,
        server,
        state,
        screen,
        [run],
        lambda runs, run: work.drop_letters(runs, run, named, reason, screen),
    )
