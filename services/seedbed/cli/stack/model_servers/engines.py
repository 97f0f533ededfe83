"""Models of one's own behind OpenAI endpoints: by vLLM, adapters put on as it runs, else by transformers."""

import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

import aiohttp

from seedbed.cli.render.screen import Screen
from seedbed.cli.stack.model_servers.loading import loaded
from seedbed.cli.stack.model_servers.vllm import Build, find_vllm, make_program
from seedbed.cli.stack.processes.child import Program
from seedbed.cli.stack.programs import address, inherited
from seedbed.cli.stack.state import StateFolder
from seedbed.kernel.errors import InputError, NotFound, SeedbedError
from seedbed.kernel.settings import PREFIX, Settings

# The ranks vLLM has room for; an adapter takes the next one above its own.
_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
_TAUGHT = {"--tokenizer": "tokenizer_config.json", "--generation-config": "generation_config.json"}
_LOADING = aiohttp.ClientTimeout(total=120)


class Engine(StrEnum):
    """What serves."""

    VLLM = "vllm"
    TRANSFORMERS = "transformers"


@dataclass(frozen=True, slots=True)
class Served:
    """What is served under a name: weights (a folder, or a name on the hub), perhaps with an adapter."""

    name: str
    weights: str
    adapter: str = ""


def choose_engine(wanted: str, settings: Settings) -> Build | None:
    """What serves: what was asked for, else vLLM where there is one; None stands for transformers.

    Raises InputError, NotFound.
    """
    if wanted != Engine.TRANSFORMERS:
        try:
            return find_vllm(settings)
        except NotFound:
            if wanted:
                raise
    missing = [name for name in ("torch", "transformers", "peft") if find_spec(name) is None]
    if missing:
        raise NotFound(f"{', '.join(missing)} is not installed", hint="pip install 'seedbed[trainer]'")
    return None


@asynccontextmanager
async def serve_models(
    models: Sequence[Served],
    wanted: str,
    state: StateFolder,
    settings: Settings,
    screen: Screen,
    port: int = 0,
) -> AsyncIterator[dict[str, str]]:
    """Addresses by name, as long as it is held; the first model is at `port` where one is given.

    Raises InputError, NotFound, StartError.
    """
    build = choose_engine(wanted, settings)
    groups = group_models(models) if build else [list(models)]
    engine = f"vLLM {build.version} on {build.device}" if build else "transformers"
    names = [f"server-{number}" for number in range(1, len(groups) + 1)]
    ports = state.choose_ports(names)
    if port:
        ports[names[0]] = port
    programs: dict[int, Program] = {}
    urls: dict[str, str] = {}
    for name, group in zip(names, groups, strict=True):
        programs[ports[name]] = _make_program(name, group, ports[name], build, settings)
        urls |= {model.name: f"http://{address(ports[name])}/v1" for model in group}
        screen.say(f"{engine} loads {', '.join(model.name for model in group)}; {state.log(name)}")
    async with loaded(programs, state, settings.vllm_patience, screen.warn):
        if build:
            await put_on([model for model in models if model.adapter], urls)
        yield urls


def group_models(models: Sequence[Served]) -> list[list[Served]]:
    """Models by their weights: one vLLM server loads one, and any number of adapters on it."""
    groups: dict[str, list[Served]] = {}
    for model in models:
        groups.setdefault(model.weights, []).append(model)
    return list(groups.values())


def _make_program(
    name: str, group: list[Served], port: int, build: Build | None, settings: Settings
) -> Program:
    if build is None:
        return _transformers_program(name, group, port)
    base = next((model.name for model in group if not model.adapter), Path(group[0].weights).name)
    more = lora_arguments([model.adapter for model in group if model.adapter])
    program = make_program(name, group[0].weights, base, port, build, settings, more=more)
    # For adapters put on while it runs; it is reached from this machine only.
    return replace(program, env={**program.env, "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1"})


def lora_arguments(adapters: Sequence[str]) -> list[str]:
    """The options of a vLLM server that shall take these adapters. Raises InputError."""
    if not adapters:
        return []
    more = ["--enable-lora", "--max-lora-rank", str(max(map(_rank, adapters)))]
    # The turns it was taught and where they end are in the adapter's folder; the base may know neither.
    for option, file in _TAUGHT.items():
        if (Path(adapters[0]) / file).is_file():
            more += [option, adapters[0]]
    return more


def _rank(adapter: str) -> int:
    path = Path(adapter) / "adapter_config.json"
    try:
        rank = int(json.loads(path.read_text(encoding="utf-8"))["r"])
        return next(room for room in _RANKS if room >= rank)
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise InputError(
            f"{path} is not the configuration of an adapter that vLLM takes: {error!r}"
        ) from error


async def put_on(models: Sequence[Served], urls: Mapping[str, str]) -> None:
    """Have running vLLM servers load adapters. Raises SeedbedError."""
    async with aiohttp.ClientSession(timeout=_LOADING) as session:
        for model in models:
            body = {"lora_name": model.name, "lora_path": model.adapter}
            async with session.post(f"{urls[model.name]}/load_lora_adapter", json=body) as answer:
                if answer.status != 200:
                    said = await answer.text()
                    raise SeedbedError(f"vLLM does not take the adapter {model.adapter}: {said}")


def _transformers_program(name: str, group: list[Served], port: int) -> Program:
    words = [
        word
        for model in group
        for word in ("--model", model.name, model.weights, *([model.adapter] if model.adapter else []))
    ]
    argv = (sys.executable, "-m", "seedbed.serving", "--listen", address(port), *words)
    env = {key: value for key, value in inherited(os.environ, ()).items() if not key.startswith(PREFIX)}
    return Program(name=name, argv=argv, env=env)
