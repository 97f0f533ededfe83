"""`seedbed taxonomy …`: the commands and their options."""

from typing import Annotated

import typer

from seedbed.cli.apps import options
from seedbed.cli.apps.shell import call
from seedbed.cli.render.screen import Screen

app = typer.Typer(help="Lint, list and compare taxonomies, without a stack.", no_args_is_help=True)

Source = Annotated[
    str,
    typer.Argument(
        metavar="TAXONOMY", help="A folder, a git address, or either with @REVISION.", show_default=False
    ),
]


@app.command()
def lint(
    context: typer.Context,
    taxonomy: Source,
    *,
    form: Annotated[
        str, typer.Option("--format", metavar="text|json|github", help="How to write findings.")
    ] = "text",
    documents: Annotated[bool, typer.Option(help="Fetch and check the documents, too.")] = True,
) -> None:
    """Check every file. Exit status 2 where there is an error."""
    from seedbed.cli.commands.taxonomy import Format
    from seedbed.cli.commands.taxonomy import lint as work

    if form not in list(Format):
        raise typer.BadParameter(f"{form!r} is none of {', '.join(Format)}", param_hint="--format")
    call(context, lambda: work(taxonomy, Format(form), Screen(), documents=documents))


@app.command("list")
def list_leaves(
    context: typer.Context,
    taxonomy: Source,
    *,
    leaf: options.LeafGlobs = None,
    machine: options.Json = False,
) -> None:
    """List the leaves that are sound."""
    from seedbed.cli.commands.taxonomy import list_leaves as work

    call(context, lambda: work(taxonomy, leaf or [], Screen(machine=machine)))


@app.command()
def diff(
    context: typer.Context,
    taxonomy: Source,
    base: Annotated[str, typer.Argument(metavar="BASE", help="Revision to compare with.")] = "HEAD",
    head: Annotated[
        str, typer.Argument(metavar="HEAD", help="Revision to compare; the working tree where not given.")
    ] = "",
    *,
    machine: options.Json = False,
) -> None:
    """Show which leaves were added, changed or removed, by content."""
    from seedbed.cli.commands.taxonomy import diff as work

    call(context, lambda: work(taxonomy, base, head, Screen(machine=machine)))
