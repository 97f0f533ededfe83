"""`seedbed runs …`: the commands and their options."""

import typer

from seedbed.cli.apps import options
from seedbed.cli.apps.shell import STATE, ask_of_runs, ask_runs
from seedbed.cli.render.screen import Screen

app = typer.Typer(help="List, show, watch and cancel runs.", no_args_is_help=True)


@app.command("list")
def list_runs(
    context: typer.Context,
    *,
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """List all runs."""
    from seedbed.cli.commands import runs as work

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
    from seedbed.cli.commands import runs as work

    screen = Screen(machine=machine)
    ask_of_runs(context, server, state, screen, [run], lambda runs, run: work.show_run(runs, run, screen))


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
    from seedbed.cli.commands import runs as work

    screen = Screen(machine=machine)
    ask_of_runs(context, server, state, screen, [run], lambda runs, run: work.watch(runs, run, screen))


def diff(
    context: typer.Context,
    base: options.RunName,
    head: options.RunName,
    *,
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Show what changed from one run to another, and why: plans, leaves, samples."""
    from seedbed.cli.commands.diff import diff as work

    screen = Screen(machine=machine)
    ask_of_runs(context, server, state, screen, [base, head], lambda runs, a, b: work(runs, a, b, screen))


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
    from seedbed.cli.commands import runs as work

    screen = Screen(machine=machine)
    ask_of_runs(context, server, state, screen, [run], lambda runs, run: work.cancel(runs, run, screen))
