"""What every command shares: its screen, how it is run, and the way to a stack where it needs one."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from seedbed.cli.entrypoint import CommandRunner
from seedbed.cli.render.screen import Screen

if TYPE_CHECKING:
    from seedbed.cli.reach.connect import Runs

STATE = Path(".seedbed")


def debugging(context: typer.Context) -> bool:
    """Whether `--debug` was given before the command's name."""
    return bool(context.find_root().params.get("debug"))


def call(context: typer.Context, work: Callable[[], int]) -> NoReturn:
    """Run a command that waits for nothing, and leave with its exit status."""
    CommandRunner(Screen(), debug=debugging(context)).call(work)


def ask_of_runs(
    context: typer.Context,
    server: str,
    state: Path,
    screen: Screen,
    given: Sequence[str],
    work: "Callable[..., Awaitable[int]]",
) -> NoReturn:
    """Do work about runs, given as people name them: it gets their ids after the service."""

    async def find(runs: "Runs") -> int:
        from seedbed.cli.reach.ids import find_run

        return await work(runs, *[await find_run(runs, one) for one in given])

    ask_runs(context, server, state, screen, find)


def ask_runs(
    context: typer.Context,
    server: str,
    state: Path,
    screen: Screen,
    work: "Callable[[Runs], Awaitable[int]]",
    *,
    beside: Sequence[str] = (),
) -> NoReturn:
    """Do work that needs a runs service, and perhaps others beside it."""

    async def reach() -> int:
        from seedbed.cli.reach.connect import reach_runs

        async with reach_runs(server, state, screen.warn, beside) as runs:
            return await work(runs)

    CommandRunner(screen, debug=debugging(context), logs=state / "logs").run(reach)
