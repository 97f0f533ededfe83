"""`seedbed serve` and `seedbed chat`: the commands and their options."""

from typing import Annotated

import typer

from seedbed.cli.apps import options
from seedbed.cli.apps.shell import STATE, debugging
from seedbed.cli.entrypoint import CommandRunner
from seedbed.cli.render.screen import Screen

Student = Annotated[
    str,
    typer.Argument(
        metavar="STUDENT|RUN",
        help="A student's folder, a training, or a run: then its latest training.",
        show_default=False,
    ),
]
Phase = Annotated[
    str,
    typer.Option(
        "--checkpoint", metavar="PHASE", help="Of this phase; else the training's last.", show_default=False
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="vllm|transformers",
        help="What serves; vLLM where there is one, if not given.",
        show_default=False,
    ),
]


def _check_engine(engine: str) -> str:
    if engine not in ("", "vllm", "transformers"):
        raise typer.BadParameter(f"{engine!r} is neither vllm nor transformers", param_hint="--engine")
    return engine


def serve(
    context: typer.Context,
    student: Student,
    *,
    checkpoint: Phase = "",
    engine: Engine = "",
    port: Annotated[
        int,
        typer.Option(
            metavar="PORT", min=0, max=65535, help="A free one where not given.", show_default=False
        ),
    ] = 0,
    state: options.State = STATE,
    machine: options.Json = False,
) -> None:
    """Put a tuned student behind an OpenAI-compatible endpoint of this machine, until Ctrl-C."""
    from seedbed.cli.commands.serve import ServeRequest
    from seedbed.cli.commands.serve import serve as work

    screen = Screen(machine=machine)
    request = ServeRequest(
        student=student, phase=checkpoint, engine=_check_engine(engine), state=state, port=port
    )
    CommandRunner(screen, debug=debugging(context)).run(lambda: work(request, screen))


def chat(
    context: typer.Context,
    student: Student,
    *,
    checkpoint: Phase = "",
    engine: Engine = "",
    system: Annotated[
        str, typer.Option(metavar="TEXT", help="System message; none where not given.", show_default=False)
    ] = "",
    most: Annotated[int, typer.Option("--max-tokens", metavar="N", min=1, help="Tokens an answer.")] = 256,
    state: options.State = STATE,
) -> None:
    """Talk to a tuned student, its base answering beside it."""
    from seedbed.cli.commands.serve import ServeRequest
    from seedbed.cli.commands.serve import chat as work

    screen = Screen()
    request = ServeRequest(student=student, phase=checkpoint, engine=_check_engine(engine), state=state)
    CommandRunner(screen, debug=debugging(context)).run(lambda: work(request, system, most, screen))
