"""The commands and their options are a promise: a change here is a change for whoever uses them."""

import typer.main
from typer.testing import CliRunner

from seedbed.cli.app import app

ENDPOINTS = (
    "--teacher --model --api-key-env --judge --judge-model --judge-api-key-env --concurrency --timeout"
)
MEANS = "--budget-calls --budget-tokens --budget-money --price --judge-price"
LOOK = "--server --state --json"
SURFACE = {
    "": "--debug --version --install-completion --show-completion",
    "dead drop": f"run items --all --reason {LOOK}",
    "dead list": f"run --reason {LOOK}",
    "dead retry": f"run items --all --reason {LOOK}",
    "dead show": f"item --run {LOOK}",
    "diff": f"base head {LOOK}",
    "doctor": f"--teacher --model --api-key-env --timeout {LOOK}",
    "evaluate": f"subject {ENDPOINTS} --checkpoint --base --questions --gate --general --benchmarks "
    "--state --out --json",
    "export": f"run folder {LOOK}",
    "forget": f"document --leaf --yes {LOOK}",
    "generate": f"taxonomy {ENDPOINTS} {MEANS} --target --leaf --recipe --no-refill --estimate "
    "--state --telemetry --out --json",
    "report": f"run --out --training {LOOK}",
    "serve": "student --checkpoint --engine --port --state --json",
    "chat": "student --checkpoint --engine --system --max-tokens --state",
    "run": f"taxonomy {ENDPOINTS} {MEANS} --student --training-recipe --rows --questions --gate --target "
    "--leaf --recipe --state --out --json",
    "runs cancel": f"run {LOOK}",
    "runs list": LOOK,
    "runs show": f"run {LOOK}",
    "runs watch": f"run {LOOK}",
    "samples": f"run --follow --leaf --end {LOOK}",
    "store gc": f"--keep --keep-last --keep-days --drop-seals --grace --yes {LOOK}",
    "store verify": f"--repair --yes {LOOK}",
    "taxonomy diff": "taxonomy base head --json",
    "taxonomy lint": "taxonomy --format --documents",
    "taxonomy list": "taxonomy --leaf --json",
    "trace": f"sample --run --spans {LOOK}",
    "train": f"dataset --model --training-recipe --rows --out {LOOK}",
    "trainings cancel": f"training {LOOK}",
    "trainings list": LOOK,
    "trainings show": f"training {LOOK}",
    "trainings watch": f"training {LOOK}",
    "up": f"{ENDPOINTS} --state --telemetry --json",
}


def collect(command, name=""):
    found = {}
    subcommands = getattr(command, "commands", {})
    if not subcommands or not name:
        parts = {part.opts[0] for part in command.params if part.opts[0] != "--help"}
        found[name] = parts
    for sub in subcommands.values():
        found.update(collect(sub, f"{name} {sub.name}".strip()))
    return found


def test_the_surface_is_what_was_promised():
    found = collect(typer.main.get_command(app))
    assert found == {name: set(parts.split()) for name, parts in SURFACE.items()}


def test_every_command_says_what_it_is_for():
    for name in SURFACE:
        result = CliRunner().invoke(app, [*name.split(), "--help"])
        assert result.exit_code == 0, name


def test_the_version_is_told():
    assert CliRunner().invoke(app, ["--version"]).stdout.startswith("seedbed 0.")


def test_a_shell_is_offered_what_can_follow():
    asked = {"_SEEDBED_COMPLETE": "complete_bash", "COMP_WORDS": "seedbed runs s", "COMP_CWORD": "2"}
    assert CliRunner().invoke(app, [], prog_name="seedbed", env=asked).output.split() == ["show"]
