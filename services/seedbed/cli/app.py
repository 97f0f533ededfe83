"""The command and its options. What it does stands in a module each, loaded when it is asked for."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seedbed import __version__
from seedbed.cli import app_dead, app_runs, app_store, app_taxonomy, options
from seedbed.cli.boundary import Boundary
from seedbed.cli.screen import Screen
from seedbed.cli.shell import STATE, ask_runs, debugging

if TYPE_CHECKING:
    from seedbed.cli.reach import Runs

app = typer.Typer(
    name="seedbed",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(app_taxonomy.app, name="taxonomy")
app.add_typer(app_runs.app, name="runs")
app.add_typer(app_dead.app, name="dead")
app.add_typer(app_store.store, name="store")
app.command()(app_runs.diff)
app.command()(app_store.forget)


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
    """Grows a judged, traceable tuning dataset from a taxonomy of seed examples."""
    del debug, version


@app.command()
def generate(  # noqa: PLR0913  its options are its interface
    context: typer.Context,
    taxonomy: Annotated[
        str,
        typer.Argument(metavar="TAXONOMY", help="A folder, a git address, or either with @REVISION."),
    ],
    *,
    teacher: options.Teacher = "",
    model: options.Model = "",
    api_key_env: options.ApiKeyEnv = "",
    judge: options.Judge = "",
    judge_model: options.JudgeModel = "",
    judge_api_key_env: options.JudgeApiKeyEnv = "",
    target: Annotated[
        int, typer.Option(metavar="N", min=0, help="Samples a leaf; else the recipe's.", show_default=False)
    ] = 0,
    leaf: options.LeafGlobs = None,
    recipe: Annotated[
        Path | None, typer.Option(metavar="FILE", help="How much of what, as YAML.", show_default=False)
    ] = None,
    no_refill: Annotated[
        bool,
        typer.Option(
            "--no-refill", help="Ask no teacher: decide anew what there is, and leave short what is short."
        ),
    ] = False,
    concurrency: options.Concurrency = 0,
    timeout: options.Timeout = 0,
    state: options.State = STATE,
    telemetry: options.Telemetry = False,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the dataset goes.")] = Path("dataset"),
    machine: options.Json = False,
) -> None:
    """From a taxonomy to a judged dataset, on a stack of its own.

    The same command again goes on where it was.
    Exit status: 0 all targets met, 3 finished with short leaves, 2 bad input, 130 interrupted, 1 otherwise.
    """
    from seedbed.cli.endpoints import Wanted
    from seedbed.cli.generate import Generation, Order
    from seedbed.cli.supply import Pace

    wanted = Wanted(
        teacher=teacher,
        model=model,
        api_key_env=api_key_env,
        judge=judge,
        judge_model=judge_model,
        judge_api_key_env=judge_api_key_env,
    )
    order = Order(
        taxonomy=taxonomy,
        state=state,
        out=out,
        wanted=wanted,
        target=target,
        leaves=tuple(leaf or ()),
        recipe=recipe,
        refill=not no_refill,
        pace=Pace(concurrency=concurrency, timeout=timeout),
        telemetry=telemetry,
    )
    screen = Screen(machine=machine)
    generation = Generation(order, screen)
    Boundary(screen, debug=debugging(context), logs=state / "logs", on_failure=generation.tell_failure).run(
        generation.run
    )


@app.command()
def up(  # noqa: PLR0913  its options are its interface
    context: typer.Context,
    *,
    teacher: options.Teacher = "",
    model: options.Model = "",
    api_key_env: options.ApiKeyEnv = "",
    judge: options.Judge = "",
    judge_model: options.JudgeModel = "",
    judge_api_key_env: options.JudgeApiKeyEnv = "",
    concurrency: options.Concurrency = 0,
    timeout: options.Timeout = 0,
    state: options.State = STATE,
    telemetry: options.Telemetry = False,
    machine: options.Json = False,
) -> None:
    """Bring up a stack and keep it up until Ctrl-C."""
    from seedbed.cli import up as work
    from seedbed.cli.endpoints import Wanted
    from seedbed.cli.supply import Pace

    wanted = Wanted(
        teacher=teacher,
        model=model,
        api_key_env=api_key_env,
        judge=judge,
        judge_model=judge_model,
        judge_api_key_env=judge_api_key_env,
    )
    pace = Pace(concurrency=concurrency, timeout=timeout)
    setup = work.Setup(state=state, wanted=wanted, pace=pace, telemetry=telemetry)
    screen = Screen(machine=machine)
    Boundary(screen, debug=debugging(context), logs=state / "logs").run(lambda: work.up(setup, screen))


@app.command()
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
    from seedbed.cli.samples import show_samples

    if end not in ("", "accepted", "rejected", "duplicate", "unneeded"):
        raise typer.BadParameter(f"{end!r} is no end of a candidate", param_hint="--end")
    screen = Screen(machine=machine)
    ask_runs(
        context,
        server,
        state,
        screen,
        lambda runs: show_samples(runs, run, screen, follow=follow, leaf=leaf, end=end),
    )


@app.command()
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
    from seedbed.cli.export import export as work

    screen = Screen(machine=machine)
    ask_runs(context, server, state, screen, lambda runs: work(runs, run, folder, screen))


@app.command()
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
    from seedbed.cli.samples import trace as work
    from seedbed.cli.spans import show_spans

    screen = Screen(machine=machine)
    if spans:
        ask_runs(context, server, state, screen, lambda runs: show_spans(runs, sample, run, state, screen))
    ask_runs(context, server, state, screen, lambda runs: work(runs, sample, run, screen))


@app.command()
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
    from seedbed.cli.reach import reach_store
    from seedbed.cli.report import Wish
    from seedbed.cli.report import report as work

    screen = Screen(machine=machine)

    async def look(runs: "Runs") -> int:
        return await work(runs, await reach_store(server, state), Wish(run, out, training), screen)

    ask_runs(context, server, state, screen, look)


@app.command()
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
    from seedbed.cli import doctor as work
    from seedbed.cli.endpoints import Wanted

    wanted = Wanted(teacher=teacher, model=model, api_key_env=api_key_env)
    screen = Screen(machine=machine)
    Boundary(screen, debug=debugging(context)).run(
        lambda: work.examine(state, wanted, server, timeout, screen)
    )
