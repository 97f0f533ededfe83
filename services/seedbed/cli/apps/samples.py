"""`seedbed samples`, `export`, `trace` and `report`: what came of a run, and where it came from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seedbed.cli.apps import options
from seedbed.cli.apps.shell import STATE, ask_of_runs
from seedbed.cli.render.screen import Screen

if TYPE_CHECKING:
    from seedbed.cli.reach.connect import Runs


def samples(
    context: typer.Context,
    run: options.RunName,
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Go on until the run ends.")] = False,
    leaf: options.LeafGlob = "",
    end: Annotated[
        str,
        typer.Option(
            metavar="END",
            help="accepted, rejected, duplicate or unneeded; all where not given.",
            show_default=False,
        ),
    ] = "",
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Show what a run made, while it goes on, too."""
    from seedbed.cli.commands.samples import show_samples

    if end not in ("", "accepted", "rejected", "duplicate", "unneeded"):
        raise typer.BadParameter(f"{end!r} is no end of a candidate", param_hint="--end")
    screen = Screen(machine=machine)
    ask_of_runs(
        context,
        server,
        state,
        screen,
        [run],
        lambda runs, run: show_samples(runs, run, screen, follow=follow, leaf=leaf, end=end),
    )


def export(
    context: typer.Context,
    run: options.RunName,
    folder: Annotated[Path, typer.Argument(metavar="DIR", show_default=False)],
    *,
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Write a run's dataset to a folder, at any time; a partial one is marked so."""
    from seedbed.cli.commands.export import export as work

    screen = Screen(machine=machine)
    ask_of_runs(context, server, state, screen, [run], lambda runs, run: work(runs, run, folder, screen))


def trace(
    context: typer.Context,
    sample: Annotated[
        str, typer.Argument(metavar="SAMPLE_ID", help="Its id, or the beginning of it.", show_default=False)
    ],
    *,
    run: options.OfRun = "",
    spans: Annotated[
        bool, typer.Option("--spans", help="Its way through the services instead, as it was traced.")
    ] = False,
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Show the whole pedigree of one sample."""
    from seedbed.cli.commands.samples import trace as work
    from seedbed.cli.commands.spans import show_spans

    screen = Screen(machine=machine)
    if spans:
        ask_of_runs(
            context,
            server,
            state,
            screen,
            [run],
            lambda runs, run: show_spans(runs, sample, run, state, screen),
        )
    ask_of_runs(context, server, state, screen, [run], lambda runs, run: work(runs, sample, run, screen))


def report(
    context: typer.Context,
    run: options.RunName,
    *,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the page goes.")] = Path("report.html"),
    training: Annotated[
        str,
        typer.Option(
            metavar="TRAINING", help="Of this training; else of the last one on it.", show_default=False
        ),
    ] = "",
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Write one page about a run: what was made, learnt and forgotten, and where every sample came from."""
    from seedbed.cli.commands.report import ReportRequest
    from seedbed.cli.commands.report import report as work
    from seedbed.cli.reach.connect import reach_store

    screen = Screen(machine=machine)

    async def look(runs: "Runs", run: str) -> int:
        return await work(runs, await reach_store(server, state), ReportRequest(run, out, training), screen)

    ask_of_runs(context, server, state, screen, [run], look)
