"""The options that several commands share, each declared once."""

from pathlib import Path
from typing import Annotated

import typer

AUTO = -1
"""For a number: to be found out."""
_ENDPOINTS = "Teacher and judge"
_STACK = "Stack"
_BUDGET = "Budget"


def read_concurrency(given: str | int) -> int:
    """The calls in flight that an option gives: a number, or AUTO for `auto`. Raises BadParameter."""
    if given == "auto":
        return AUTO
    try:
        number = int(given)
    except ValueError:
        number = -1
    if number < 0:
        raise typer.BadParameter(f"{given!r} is neither a number nor auto")
    return number


Teacher = Annotated[
    str,
    typer.Option(
        "--teacher",
        metavar="URL[,URL]|PROVIDER:MODEL|vllm:MODEL|rehearsal",
        help="OpenAI-compatible endpoint, or several of one model; a provider by name (ollama, lmstudio, "
        "openai, openrouter, anthropic, bedrock, gemini); a model (or its folder) that vLLM is to serve; or "
        "`rehearsal`: rules instead of a model.",
        rich_help_panel=_ENDPOINTS,
        show_default=False,
    ),
]
Model = Annotated[
    str,
    typer.Option(
        "--model", metavar="NAME", help="Model to ask there.", rich_help_panel=_ENDPOINTS, show_default=False
    ),
]
ApiKeyEnv = Annotated[
    str,
    typer.Option(
        "--api-key-env",
        metavar="NAME",
        help="Environment variable that holds the teacher's key.",
        rich_help_panel=_ENDPOINTS,
        show_default=False,
    ),
]
Judge = Annotated[
    str,
    typer.Option(
        "--judge",
        metavar="URL[,URL]|PROVIDER:MODEL|vllm:MODEL|rehearsal",
        help="Endpoint of the judge, a provider, or a model for vLLM to serve; the teacher judges where none "
        "is named.",
        rich_help_panel=_ENDPOINTS,
        show_default=False,
    ),
]
JudgeModel = Annotated[
    str,
    typer.Option(
        "--judge-model",
        metavar="NAME",
        help="Model that judges.",
        rich_help_panel=_ENDPOINTS,
        show_default=False,
    ),
]
JudgeApiKeyEnv = Annotated[
    str,
    typer.Option(
        "--judge-api-key-env",
        metavar="NAME",
        help="Environment variable that holds the judge's key.",
        rich_help_panel=_ENDPOINTS,
        show_default=False,
    ),
]
Concurrency = Annotated[
    int,
    typer.Option(
        "--concurrency",
        metavar="N|auto",
        parser=read_concurrency,
        help="Calls in flight at one endpoint, over all processes, and fewer where it refuses some; "
        "`auto` finds out how many it takes. 16 where not given.",
        rich_help_panel=_ENDPOINTS,
        show_default=False,
    ),
]
Timeout = Annotated[
    float,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=0,
        help="How long one answer may take; 120, and 20 for the look before the start, where not given.",
        rich_help_panel=_ENDPOINTS,
        show_default=False,
    ),
]
BudgetCalls = Annotated[
    int,
    typer.Option(
        "--budget-calls",
        metavar="N",
        min=0,
        help="Calls that the run may come to at most; else the recipe's.",
        rich_help_panel=_BUDGET,
        show_default=False,
    ),
]
BudgetTokens = Annotated[
    int,
    typer.Option(
        "--budget-tokens",
        metavar="N",
        min=0,
        help="Tokens, of prompts and replies together.",
        rich_help_panel=_BUDGET,
        show_default=False,
    ),
]
BudgetMoney = Annotated[
    float,
    typer.Option(
        "--budget-money",
        metavar="AMOUNT",
        min=0,
        help="Money, by the prices.",
        rich_help_panel=_BUDGET,
        show_default=False,
    ),
]
TeacherPrice = Annotated[
    str,
    typer.Option(
        "--price",
        metavar="PROMPT,COMPLETION",
        help="What a million tokens of the teacher cost, in prompts and in replies.",
        rich_help_panel=_BUDGET,
        show_default=False,
    ),
]
JudgePrice = Annotated[
    str,
    typer.Option(
        "--judge-price",
        metavar="PROMPT,COMPLETION",
        help="The judge's, where it is another model.",
        rich_help_panel=_BUDGET,
        show_default=False,
    ),
]
State = Annotated[
    Path,
    typer.Option("--state", metavar="DIR", help="Where the stack keeps everything.", rich_help_panel=_STACK),
]
Server = Annotated[
    str,
    typer.Option(
        "--server",
        metavar="HOST:PORT",
        help="The runs service of a running stack; else the stack of --state is meant.",
        rich_help_panel=_STACK,
        show_default=False,
    ),
]
Telemetry = Annotated[
    bool,
    typer.Option(
        "--telemetry",
        help="Trace everything and show metrics: a collector runs beside the stack. See `trace --spans`.",
        rich_help_panel=_STACK,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Write JSON to stdout, all else to stderr.")]
LeafGlob = Annotated[
    str, typer.Option("--leaf", metavar="GLOB", help="Only leaves whose path matches.", show_default=False)
]
LeafGlobs = Annotated[
    list[str] | None,
    typer.Option(
        "--leaf",
        metavar="GLOB",
        help="Only leaves whose path matches; may be given again.",
        show_default=False,
    ),
]
RowsFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--rows",
        metavar="FILE",
        help="JSONL with `messages` or `text`, for the first phase besides; may be given again.",
        rich_help_panel="Student",
        show_default=False,
    ),
]
Taxonomy = Annotated[
    str, typer.Argument(metavar="TAXONOMY", help="A folder, a git address, or either with @REVISION.")
]
Target = Annotated[
    int,
    typer.Option(
        "--target", metavar="N", min=0, help="Samples a leaf; else the recipe's.", show_default=False
    ),
]
RecipeFile = Annotated[
    Path | None,
    typer.Option("--recipe", metavar="FILE", help="How much of what, as YAML.", show_default=False),
]
RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="Its id, the beginning of it, or `latest`.", show_default=False)
]
OfRun = Annotated[str, typer.Option("--run", metavar="RUN", help="Only of this run.", show_default=False)]
