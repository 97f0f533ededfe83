"""`seedbed doctor`: what is installed, reachable and writable, and what to do about what is not."""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from rich.markup import escape

from seedbed.cli.reach.endpoints import Endpoint, Wanted, choose_endpoints
from seedbed.cli.render.failure import DONE, FAILED
from seedbed.cli.render.screen import Screen
from seedbed.cli.render.table import make_table
from seedbed.cli.stack.broker.server import find_nats_server
from seedbed.cli.stack.model_servers.vllm import find_vllm
from seedbed.cli.stack.stack import wait_serving
from seedbed.cli.stack.startup import preflight
from seedbed.cli.stack.state import StateFolder
from seedbed.kernel.errors import SeedbedError
from seedbed.kernel.rpc.channel import Access
from seedbed.kernel.settings import Settings, load_settings

_PYTHON = (3, 11)
_ROOM = 2 * 1024**3
_NATS = (2, 11)
_EXTRAS = {
    "": ("aiohttp", "grpc", "httptools", "jinja2", "minio", "nats", "pydantic", "rensa", "structlog", "yaml"),
    "taxonomy": ("jsonschema",),
    "documents": ("lxml", "markdown_it", "pypdfium2", "selectolax"),
    "dataset": ("pyarrow",),
    "cli": ("filelock", "psutil", "rich", "typer"),
}


class Health(StrEnum):
    """How a check ended: nothing to do, something to know, or something that must be mended first."""

    GOOD = "good"
    POOR = "poor"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `advice` says what to do where it is not good."""

    name: str
    health: Health
    found: str
    advice: str = ""


async def examine(state: Path, wanted: Wanted, server: str, patience: float, screen: Screen) -> int:
    """Look at everything and report it. Returns the exit status."""
    checks = [check_python(), *check_packages(), check_broker(), check_git(), *check_state(state)]
    checks += await check_endpoints(wanted, patience)
    if server:
        checks.append(await check_server(server))
    _report(checks, screen)
    return FAILED if any(check.health == Health.BAD for check in checks) else DONE


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Check:
    """Whether this Python is new enough."""
    found = ".".join(map(str, version))
    if version >= _PYTHON:
        return Check("python", Health.GOOD, found)
    return Check("python", Health.BAD, found, "make the virtual environment with Python 3.11 or later")


def check_packages(find: Callable[[str], object] = find_spec) -> Iterable[Check]:
    """Whether what the services need is installed, extra by extra."""
    for extra, modules in _EXTRAS.items():
        missing = [module for module in modules if find(module) is None]
        name = f"packages for {extra}" if extra else "packages"
        if missing:
            wanted = f"seedbed[{extra}]" if extra else "seedbed"
            yield Check(name, Health.BAD, f"missing: {', '.join(missing)}", f"pip install '{wanted}'")
        else:
            yield Check(name, Health.GOOD, f"{len(modules)} installed")


def check_broker() -> Check:
    """Whether there is a broker to start, and a new one at that."""
    try:
        program = find_nats_server()
    except SeedbedError as error:
        return Check("nats-server", Health.BAD, error.message, error.hint)
    said = _ask(str(program), "--version")
    version = _read_version(said)
    if version < _NATS:
        return Check("nats-server", Health.BAD, said or "does not run", "pip install 'seedbed[local]'")
    return Check("nats-server", Health.GOOD, f"{said.removeprefix('nats-server: ')} at {program}")


def check_git() -> Check:
    """Whether taxonomies and documents can be read from git."""
    said = _ask("git", "--version") if shutil.which("git") else ""
    if said:
        return Check("git", Health.GOOD, said.removeprefix("git version "))
    return Check("git", Health.BAD, "there is none", "install git, for example: apt-get install git")


def check_state(root: Path) -> Iterable[Check]:
    """Whether the state folder can be written, its disk has space, and who holds it."""
    state = StateFolder(root)
    place = state.root
    while not place.exists():
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            yield Check("state folder", Health.GOOD, str(state.root))
    except OSError as error:
        found = f"{place}: {error.strerror}"
        yield Check("state folder", Health.BAD, found, "name a folder that can be written with --state")
        return
    free = shutil.disk_usage(place).free
    room = f"{free / 1024**3:.1f} GiB free"
    if free < _ROOM:
        yield Check("disk", Health.POOR, room, "make room, or put --state on another disk")
    else:
        yield Check("disk", Health.GOOD, room)
    ports = state.live_ports()
    left = [row.name for row in state.processes if row.find()]
    if ports:
        yield Check("stack", Health.GOOD, f"up, runs service at 127.0.0.1:{ports.get('runs', '?')}")
    elif left:
        advice = "the next `seedbed generate` or `seedbed up` ends them"
        yield Check("stack", Health.POOR, f"left behind: {', '.join(left)}", advice)
    else:
        yield Check("stack", Health.GOOD, "not up")


async def check_endpoints(wanted: Wanted, patience: float) -> list[Check]:
    """Whether teacher and judge answer, where they are named."""
    settings = load_settings()
    if not (wanted.teacher or settings.teacher_url):
        advice = "give --teacher URL --model NAME to have it looked at"
        return [Check("teacher", Health.POOR, "none is named", advice)]
    try:
        endpoints = choose_endpoints(wanted, settings)
        loads = [check_weights(role, one, settings) for role, one in endpoints.remote if one.weights]
        if loads:
            return loads
        report = await preflight(endpoints, patience)
    except SeedbedError as error:
        return [Check("teacher", Health.BAD, error.message, error.hint)]
    if not endpoints.remote:
        return [Check("teacher", Health.POOR, "the rehearsal teacher", "it is for trying things out")]
    notes = [Check("teacher", Health.GOOD, note) for note in report.notes]
    if troubles := report.troubles:
        advice = "see to it, or leave it out"
        return [*(Check("teacher", Health.POOR, trouble, advice) for trouble in troubles), *notes]
    return [
        *(Check(role, Health.GOOD, f"{one.model} at {one.url}") for role, one in endpoints.remote),
        *notes,
    ]


def check_weights(role: str, endpoint: Endpoint, settings: Settings) -> Check:
    """Whether there is a vLLM that could serve these weights. Raises NotFound, InputError."""
    build = find_vllm(settings)
    return Check(role, Health.GOOD, f"{endpoint.weights}, by vLLM {build.version} at {build.python}")


async def check_server(server: str) -> Check:
    """Whether a running stack answers."""
    try:
        await asyncio.wait_for(wait_serving(server, Access.of(load_settings())), 5)
    except TimeoutError:
        advice = "give the address of its runs service, HOST:PORT"
        return Check("server", Health.BAD, f"nothing serves at {server}", advice)
    return Check("server", Health.GOOD, server)


def _ask(*argv: str) -> str:
    try:
        answer = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _read_version(said: str) -> tuple[int, ...]:
    digits = said.rpartition("v")[2].split("-")[0].split(".")
    return tuple(int(digit) for digit in digits if digit.isdecimal())


def _report(checks: Sequence[Check], screen: Screen) -> None:
    if screen.machine:
        for check in checks:
            screen.emit(asdict(check))
        return
    table = make_table("", "what", "found", "what to do", unbroken=("", "what"))
    styles = {Health.GOOD: "green", Health.POOR: "yellow", Health.BAD: "red"}
    for check in checks:
        mark = f"[{styles[check.health]}]{check.health}[/]"
        table.add_row(mark, check.name, escape(check.found), escape(check.advice))
    screen.show(table)
