"""`seedbed forget`, `seedbed store …`: the commands and their options."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from seedbed.cli.apps import options
from seedbed.cli.apps.shell import STATE, ask_of_runs, ask_runs
from seedbed.cli.render.screen import Screen

if TYPE_CHECKING:
    from seedbed.cli.reach.connect import Runs

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
    from seedbed.cli.commands.forget import ForgetCommand

    screen = Screen(machine=machine)
    command = ForgetCommand(document, leaf, screen, yes=yes)
    # Repositories that were fetched may hold it, too, and only the taxonomy service knows them.
    ask_runs(context, server, state, screen, command.run, beside=("taxonomy",))


_Keep = Annotated[
    list[str] | None,
    typer.Option(metavar="RUN", help="Keep this run; may be given again.", show_default=False),
]
_KeepLast = Annotated[
    int, typer.Option(metavar="N", min=0, help="Keep so many of the latest runs.", show_default=False)
]
_KeepDays = Annotated[
    float,
    typer.Option(
        metavar="D",
        min=0,
        max=36500,
        help="Keep runs created in the last so many days.",
        show_default=False,
    ),
]
_DropSeals = Annotated[
    bool,
    typer.Option(
        "--drop-seals", help="Remove the seals of kept runs as well: what they paid for is not recalled."
    ),
]
_Grace = Annotated[
    float,
    typer.Option(
        metavar="MINUTES", min=0, max=5_256_000, help="What was written so lately stays in any case."
    ),
]


store = typer.Typer(help="What is kept in the store.", no_args_is_help=True)


@store.command()
def gc(  # noqa: PLR0913  its options are its interface
    context: typer.Context,
    *,
    keep: _Keep = None,
    keep_last: _KeepLast = 0,
    keep_days: _KeepDays = 0,
    drop_seals: _DropSeals = False,
    grace: _Grace = 60,
    yes: Yes = False,
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Remove what no kept run needs; shows first what that is.

    Without --keep, --keep-last or --keep-days all runs are kept. One that has not ended always is.
    """
    from seedbed.cli.commands.store import CollectGarbageCommand
    from seedbed.kernel.formats.protos import duration
    from seedbed.runs.v1.store_service_pb2 import CollectGarbageRequest

    request = CollectGarbageRequest(
        keep_last=keep_last,
        keep_within=duration(timedelta(days=keep_days)),
        keep_all=not (keep or keep_last or keep_days),
        drop_seals=drop_seals,
        grace=duration(timedelta(minutes=grace)),
        # Whoever says so in so many words means it.
        allow_short_grace=True,
    )
    screen = Screen(machine=machine)

    async def collect(runs: "Runs", *kept: str) -> int:
        request.keep.extend(kept)
        return await CollectGarbageCommand(request, screen, yes=yes).run(runs)

    ask_of_runs(context, server, state, screen, keep or [], collect)


@store.command()
def verify(
    context: typer.Context,
    *,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair", help="Drop what is damaged and can be made again, so that the next run does so."
        ),
    ] = False,
    yes: Yes = False,
    server: options.Server = "",
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Read everything that runs name, and say what is missing or wrong, by run and leaf.

    With --repair it is shown first, too.
    Exit status: 0 nothing is wrong, or all of it is mended; 1 otherwise.
    """
    from seedbed.cli.commands.verify import VerifyCommand

    screen = Screen(machine=machine)
    ask_runs(context, server, state, screen, VerifyCommand(screen, repair=repair, yes=yes).run)
