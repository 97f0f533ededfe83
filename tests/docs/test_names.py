"""What the pages name is there: commands and their options, settings, make's targets, the chart's values."""

import re
from typing import Any

import pytest
import typer
import yaml

from seedbed.cli.app import app
from seedbed.cli.stack.broker.users import WORKERS
from seedbed.kernel.settings import Settings
from tests.deploy.charts import CHART
from tests.deploy.compose import CPU, FILE, TLS
from tests.docs.pages import NAMES, PAGES, ROOT

ALL = [
    *PAGES,
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "benchmarks/README.md")),
]
# At the beginning of a line or of a piece of code, perhaps behind settings.
_COMMAND = re.compile(r"(?:^[ \t]*(?:\$ )?|`|\$\()(?:[A-Z_]+=\S+ )*seedbed ([a-z-][^`\n#]*)", re.MULTILINE)
_SETTING = re.compile(r"\bSEEDBED_[A-Z_]*[A-Z]\b(?!_?<)")
_TARGET = re.compile(r"(?:^[ \t]*|`)make ([a-z][a-z0-9-]*)", re.MULTILINE)
_VALUE = re.compile(r"`([a-zA-Z]+(?:\.[a-zA-Z]+)+)`")
# Of the tests and of the broker's own file.
_OTHERS = {
    "SEEDBED_VLLM",
    "SEEDBED_NATS_NAME",
    "SEEDBED_NATS_CONFIG",
    "SEEDBED_NATS_PASSWORD",
    "SEEDBED_FUZZ_SECONDS",
    "SEEDBED_FUZZ_SEED",
}

each_page = pytest.mark.parametrize("page", ALL, ids=lambda page: f"{page.parent.name}-{page.stem}")


def faults_of(line: str) -> list[str]:
    """What a command line names that there is not; `list | show` are alternatives of one group."""
    first, *others = line.split(" | ")
    command: Any = typer.main.get_command(app)
    words, group = first.split(), {}
    while words and (commands := getattr(command, "commands", None)) and not words[0].startswith("-"):
        if words[0] not in commands:
            return [words[0]]
        group, command = commands, commands[words.pop(0)]
    # With options it is one that is run, and something is done with what it says.
    alternatives = [] if " --" in first else [other.split()[0] for other in others]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return [
        *(other for other in alternatives if other not in group),
        *(option for option in re.findall(r"--[a-z-]+", first) if option not in known),
    ]


@each_page
def test_every_command_is_one(page):
    found = {line: faults_of(line) for line in _COMMAND.findall(page.read_text())}
    assert {line: faults for line, faults in found.items() if faults} == {}


def test_a_slip_in_a_command_is_found():
    assert faults_of("generate taxonomy --teachr rehearsal") == ["--teachr"]
    assert faults_of("runs lst") == ["lst"]
    assert faults_of("runs list | shw RUN") == ["shw"]


@each_page
def test_every_setting_is_one(page):
    composed = "".join(file.read_text() for file in (FILE, TLS, CPU))
    settings = {f"SEEDBED_{name.upper()}" for name in Settings.model_fields}
    known = settings | {f"{name}_FILE" for name in settings} | _OTHERS
    known |= set(re.findall(r"\$\{(SEEDBED_\w+)", composed))
    assert set(_SETTING.findall(page.read_text())) - known == set()


@each_page
def test_every_target_is_one(page):
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(_TARGET.findall(page.read_text())) - targets == set()


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_value_of_the_chart_is_one(page):
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    steps = {step for worker in WORKERS for step in worker.steps}
    for path in set(_VALUE.findall(page.read_text())) - steps:
        first, *rest = path.split(".")
        found = values.get(first)
        for key in rest if first in values else ():
            assert isinstance(found, dict), path
            assert key in found, path
            found = found[key]
