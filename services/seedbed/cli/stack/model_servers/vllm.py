"""vLLM servers of the command's own: found, started for the weights that are wanted, and waited for.

One that runs already and serves the model is taken instead.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import aiohttp

from seedbed.cli.reach.endpoints import Endpoint, Endpoints
from seedbed.cli.render.screen import Screen
from seedbed.cli.stack.model_servers.loading import loaded
from seedbed.cli.stack.processes.child import Program
from seedbed.cli.stack.programs import address, inherited
from seedbed.cli.stack.state import StateFolder
from seedbed.kernel.errors import InputError, NotFound
from seedbed.kernel.settings import PREFIX, Settings

_COUNTER = r"^vllm:prefix_cache_{}_total(?:{{.*}})? (\S+)$"
_LOOK = aiohttp.ClientTimeout(total=2)
# Schemas allow white space anywhere, and some models write it without end.
_STRUCTURED = json.dumps({"backend": "xgrammar", "disable_any_whitespace": True})
# The engine's memory for keys and values, which on a CPU is the machine's own.
_ON_CPU = {"VLLM_CPU_KVCACHE_SPACE": "2"}
# After each part of a prompt but its last vLLM sets its seed's generator back. On a CPU none can be, and the
# engine ends with "CPU Generator does not use offset". So prompts are read whole there.
_WHOLE_PROMPTS = "--no-enable-chunked-prefill"
# What torch compiles for vLLM is vector code whatever is said here, and under this it does not compile.
_NO_VECTORS = ("ATEN_CPU_CAPABILITY", "default")
_QUIET = {"VLLM_NO_USAGE_STATS": "1"}
# Asked of another Python: importing vLLM itself takes seconds.
_PROBE = """
import importlib.metadata as packages, json
found = {package.name.lower(): package.version for package in packages.distributions()}
print(json.dumps({name: found[name] for name in ("vllm", "vllm-cpu") if name in found}))
"""


@dataclass(frozen=True, slots=True)
class Build:
    """An installed vLLM, and the Python that has it."""

    python: str
    version: str
    cpu: bool

    @property
    def device(self) -> str:
        """What it computes on, in words."""
        return "the CPU" if self.cpu else "the GPU"


def find_vllm(settings: Settings) -> Build:
    """The vLLM that servers are started with. Raises NotFound, InputError."""
    python = settings.vllm_python or sys.executable
    try:
        answer = subprocess.run(
            [python, "-I", "-c", _PROBE], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise InputError(f"{PREFIX}VLLM_PYTHON: {python} does not run: {error}") from error
    found: dict[str, str] = json.loads(answer.stdout)
    if not found:
        raise NotFound(
            f"{python} has no vLLM",
            hint=f"pip install vllm (without a GPU: a build for CPUs), or name a Python that has it in "
            f"{PREFIX}VLLM_PYTHON",
        )
    # A rebuild for CPUs goes by a name of its own; one made from the source says it in its version.
    version = found.get("vllm", found.get("vllm-cpu", ""))
    return Build(python, version, cpu="vllm" not in found or "cpu" in version)


def make_program(
    name: str,
    weights: str,
    model: str,
    port: int,
    build: Build,
    settings: Settings,
    *,
    more: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
) -> Program:
    """How a server is started that serves weights under a model's name. `more`: further options."""
    host, _, _ = address(port).rpartition(":")
    argv = (
        *(build.python, "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", weights, "--served-model-name", model),
        *("--host", host, "--port", str(port)),
        *("--scheduling-policy", "priority", "--structured-outputs-config", _STRUCTURED),
        *([_WHOLE_PROMPTS] if build.cpu else []),
        *more,
        *shlex.split(settings.vllm_arguments),
    )
    plain = {
        key: value
        for key, value in inherited(environ, ()).items()
        if not key.startswith(PREFIX) and (key, value) != _NO_VECTORS
    }
    defaults = {**_QUIET, **(_ON_CPU if build.cpu else {})}
    # Its engine and its workers are processes of their own, which hold the GPU's memory.
    return Program(name=name, argv=argv, env={**defaults, **plain}, family=True)


@asynccontextmanager
async def serve_weights(
    endpoints: Endpoints, state: StateFolder, settings: Settings, screen: Screen, *, asking: bool = True
) -> AsyncIterator[Endpoints]:
    """The endpoints with every `vllm:MODEL` among them answering, if any is asked. Hold the state folder.

    Raises InputError, NotFound, StartError.
    """
    wanted = dict.fromkeys(one for _, one in endpoints.remote if one.weights)
    found = {}
    for one in wanted:
        if not asking or await _serves(settings.vllm_url, one.model):
            found[one] = replace(one, url=settings.vllm_url, weights="")
            if asking:
                screen.say(f"the vLLM server at {settings.vllm_url} serves {one.model} already")
    missing = [one for one in wanted if one not in found]
    async with _started(missing, state, settings, screen) as started:
        answering = {**found, **started}
        yield replace(
            endpoints,
            teacher=answering.get(endpoints.teacher, endpoints.teacher),
            judge=endpoints.judge and answering.get(endpoints.judge, endpoints.judge),
        )


@asynccontextmanager
async def _started(
    wanted: list[Endpoint], state: StateFolder, settings: Settings, screen: Screen
) -> AsyncIterator[dict[Endpoint, Endpoint]]:
    """These endpoints as they answer, each by what it was wanted as."""
    if not wanted:
        yield {}
        return
    build = find_vllm(settings)
    names = [f"vllm-{number}" for number in range(1, len(wanted) + 1)]
    ports = state.choose_ports(names)
    programs = {}
    for name, one in zip(names, wanted, strict=True):
        programs[ports[name]] = make_program(name, one.weights, one.model, ports[name], build, settings)
        screen.say(f"vLLM {build.version} loads {one.weights} on {build.device}; {state.log(name)}")
    answering = {
        # Only of our own is it known that they take priorities.
        one: replace(one, url=f"http://{address(ports[name])}/v1", weights="", dialect="vllm")
        for name, one in zip(names, wanted, strict=True)
    }
    async with loaded(programs, state, settings.vllm_patience, screen.warn):
        try:
            yield answering
        finally:
            for one in answering.values():
                if found := await ask_prefixes(one.url):
                    screen.say(f"the vLLM server of {one.model} had {found} in its prefix cache")


async def _serves(url: str, model: str) -> bool:
    """Whether a vLLM server there serves a model."""
    try:
        async with aiohttp.ClientSession(timeout=_LOOK) as session, session.get(f"{url}/models") as answer:
            listed = await answer.json(content_type=None)
        rows = listed["data"]
        return any(row["id"] == model and row["owned_by"] == "vllm" for row in rows)
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError, KeyError, TypeError):
        return False


async def ask_prefixes(url: str) -> str:
    """How much of what a server was asked came from its prefix cache; "" where it cannot say."""
    metrics = url.removesuffix("/v1") + "/metrics"
    try:
        async with aiohttp.ClientSession(timeout=_LOOK) as session, session.get(metrics) as answer:
            return describe_prefixes(await answer.text())
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
        return ""


def describe_prefixes(metrics: str) -> str:
    """The same from the text of its metrics."""
    hits, asked = _count("hits", metrics), _count("queries", metrics)
    return f"{hits:,.0f} of {asked:,.0f} tokens of prompts ({hits / asked:.0%})" if asked else ""


def _count(what: str, metrics: str) -> float:
    """Over all engines of the server."""
    return sum(map(float, re.findall(_COUNTER.format(what), metrics, re.MULTILINE)))
