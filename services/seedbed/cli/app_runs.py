"""`seedbed runs …` and `seedbed dead …`: the commands and their options."""

from typing import Annotated

import typer

from seedbed.cli import options
from seedbed.cli.screen import Screen
from seedbed.cli.shell import STATE, ask_runs

app = typer.Typer(help="List, show, watch and cancel runs.", no_args_is_help=True)
dead = typer.Typer(help="Items given up: why, and trying them again.", no_args_is_help=True)

Item = Annotated[
    str, typer.Argument(metavar="ITEM", help="The beginning of an item's digest.", show_default=False)
]
OfRun = Annotated[str, typer.Option("--run", metavar="RUN", help="Only of this run.", show_default=False)]


@app.command("list")
def list_runs(
    context: typer.Context,
    *,
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """List all runs."""
    from seedbed.cli import runs as work

    screen = Screen(machine=machine)
    ask_runs(context, server, state, screen, lambda runs: work.show_list(runs, screen))


@app.command()
def show(
    context: typer.Context,
    run: options.RunName,
    *,
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Show one run, leaf by leaf."""
    from seedbed.cli import runs as work

    screen = Screen(machine=machine)
    ask_runs(context, server, state, screen, lambda runs: work.show_run(runs, run, screen))


@app.command()
def watch(
    context: typer.Context,
    run: options.RunName,
    *,
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Follow a run to its end; the exit status is the run's."""
    from seedbed.cli import runs as work

    screen = Screen(machine=machine)
    ask_runs(context, server, state, screen, lambda runs: work.watch(runs, run, screen))


@app.command()
def cancel(
    context: typer.Context,
    run: options.RunName,
    *,
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Stop a run; what it has is kept."""
    from seedbed.cli import runs as work

    screen = Screen(machine=machine)
    ask_runs(context, server, state, screen, lambda runs: work.cancel(runs, run, screen))


@dead.command("list")
def list_letters(
    context: typer.Context,
    *,
    run: OfRun = "",
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """List the items given up, with their reasons."""
    from seedbed.cli import runs as work

    screen = Screen(machine=machine)
    ask_runs(context, server, state, screen, lambda runs: work.show_letters(runs, run, screen))


@dead.command("show")
def show_letter(
    context: typer.Context,
    item: Item,
    *,
    run: OfRun = "",
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Show one item given up."""
    from seedbed.cli import runs as work

    screen = Screen(machine=machine)
    ask_runs(context, server, state, screen, lambda runs: work.show_letter(runs, item, run, screen))


@dead.command("retry")
def retry_letters(
    context: typer.Context,
    run: options.RunName,
    items: Annotated[
        list[str] | None,
        typer.Argument(metavar="ITEM", help="Beginnings of digests; none means all.", show_default=False),
    ] = None,
    *,
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Open items of a run again that were given up."""
    from seedbed.cli import runs as work

    screen = Screen(machine=machine)
    ask_runs(context, server, state, screen, lambda runs: work.retry_letters(runs, run, items or [], screen))
