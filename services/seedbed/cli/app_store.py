"""`seedbed forget`, `seedbed store …`: the commands and their options."""

from typing import Annotated

import typer

from seedbed.cli import options
from seedbed.cli.screen import Screen
from seedbed.cli.shell import STATE, ask_runs

Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


def forget(
    context: typer.Context,
    document: Annotated[
        str,
        typer.Argument(
            metavar="DOCUMENT",
            help="A path as in the taxonomy or the end of one, a glob, or the sha256 of its bytes.",
            show_default=False,
        ),
    ],
    *,
    leaf: options.LeafGlob = "",
    yes: Yes = False,
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Remove a document and all that came from it; shows first what that is.

    From records, seals, snapshots, datasets and caches; names the checkpoints that were trained on it.
    """
    from seedbed.cli.forget import Forgetting

    screen = Screen(machine=machine)
    work = Forgetting(document, leaf, screen, yes=yes)
    # Repositories that were fetched may hold it, too, and only the taxonomy service knows them.
    ask_runs(context, server, state, screen, work.run, beside=("taxonomy",))
