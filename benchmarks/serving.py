"""What our serving of students is worth beside `transformers serve` and llama.cpp: the same chats, in turns.

`python benchmarks/serving.py WEIGHTS --gguf FILE --path FOLDER`. FOLDER holds what this environment lacks:
fastapi, uvicorn and openai for `transformers serve`, xllamacpp for llama.cpp. What is not found is said, and
left out. llama.cpp computes by the quantisation of its file, the others by float32.
What was decided by it stands in `seedbed/serving/__init__.py`.
"""

import argparse
import asyncio
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from pathlib import Path

import aiohttp
import psutil

SUBJECTS = ("rivers", "bread", "the moon", "bees", "bridges", "tea", "glass", "winter")
TOKENS = 64
START = 120.0
LLAMA = """
import sys, time, xllamacpp
p = xllamacpp.CommonParams()
p.model.path, p.port, p.n_ctx, p.n_parallel = sys.argv[1], int(sys.argv[2]), 4096, 4
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = int(sys.argv[3])
p.hostnames, p.use_jinja, p.n_gpu_layers = ["127.0.0.1"], True, 0
server = xllamacpp.Server(p)
while True: time.sleep(60)
"""


@dataclass(frozen=True, slots=True)
class Contender:
    """A server, and which packages it needs."""

    name: str
    model: str
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()


@dataclass(slots=True)
class Running:
    """A started server, and what was measured of it: tokens a second by how many were asked at once."""

    contender: Contender
    url: str
    process: psutil.Process
    start_seconds: float
    rates: dict[int, list[float]] = field(default_factory=dict)
    first: list[float] = field(default_factory=list)


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--gguf", type=Path)
    parser.add_argument("--path", type=Path, action="append", default=[])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--prompts", type=int, default=len(SUBJECTS))
    options = parser.parse_args()
    # The servers end with this, however it ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    paths = [str(path.resolve()) for path in options.path]
    with ExitStack() as stack:
        servers = []
        for contender in contenders(options.weights.resolve(), options.gguf):
            lacking = missing(contender.needs, paths)
            if lacking:
                print(f"{contender.name}: left out, not installed: {', '.join(lacking)}")
                continue
            servers.append(stack.enter_context(_serve(contender, paths)))
        asyncio.run(_measure(servers, options.rounds, options.prompts))
        for server in servers:
            print(report(server, _resident(server.process)))


def contenders(weights: Path, gguf: Path | None) -> Iterator[Contender]:
    """Who is measured; `{port}` stands for where each listens."""
    model = str(weights)
    ours = ("-m", "seedbed.serving", "--listen", "127.0.0.1:{port}", "--model", "student", model)
    yield Contender("ours", "student", ours)
    start = "from transformers.cli.transformers import main; main()"
    theirs = ("-c", start, "serve", model, "--port", "{port}", "--host", "127.0.0.1", "--device", "cpu")
    needs = ("transformers", "fastapi", "uvicorn", "openai")
    yield Contender("transformers serve", model, (*theirs, "--dtype", "float32"), needs)
    if gguf is None:
        print("llama.cpp: left out, no --gguf")
    else:
        cores = str(os.cpu_count() or 1)
        yield Contender(
            "llama.cpp", "student", ("-c", LLAMA, str(gguf.resolve()), "{port}", cores), ("xllamacpp",)
        )


def missing(packages: tuple[str, ...], paths: list[str]) -> list[str]:
    """Those that neither this environment nor a folder of `paths` has."""
    return [name for name in packages if PathFinder.find_spec(name, [*paths, *sys.path]) is None]


@contextmanager
def _serve(contender: Contender, paths: list[str]) -> Iterator[Running]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, *(word.replace("{port}", str(port)) for word in contender.command)]
    home = {"PYTHONPATH": os.pathsep.join(paths), "OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1"}
    began = time.perf_counter()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env={**os.environ, **home}, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            asyncio.run(_until_answered(url, contender, process))
            yield Running(contender, url, psutil.Process(process.pid), time.perf_counter() - began)
        except TimeoutError:
            log.seek(0)
            raise SystemExit(f"{contender.name} did not start: {log.read()[-2000:].decode()}") from None
        finally:
            process.kill()
            process.wait()


async def _until_answered(url: str, contender: Contender, process: subprocess.Popen[bytes]) -> None:
    """Returns when it has answered a first chat; TimeoutError where it ends or takes too long."""
    until = time.monotonic() + START
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < until and process.poll() is None:
            try:
                await _chat(session, url, contender.model, "Hello.", 1)
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
            else:
                return
    raise TimeoutError


async def _chat(
    session: aiohttp.ClientSession, url: str, model: str, prompt: str, tokens: int = TOKENS
) -> int:
    """How many tokens were answered, greedily."""
    body = {"model": model, "messages": [{"role": "user", "content": prompt}], "temperature": 0}
    async with session.post(f"{url}/v1/chat/completions", json={**body, "max_tokens": tokens}) as answer:
        answer.raise_for_status()
        return int((await answer.json())["usage"]["completion_tokens"])


async def _measure(servers: list[Running], rounds: int, prompts: int) -> None:
    asked = [f"Write a long story about {subject}." for subject in SUBJECTS[:prompts]]
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=300)) as session:
        for turn in range(rounds):
            for server in servers[:: -1 if turn % 2 else 1]:
                began = time.perf_counter()
                await _chat(session, server.url, server.contender.model, asked[turn % len(asked)], 1)
                server.first.append(time.perf_counter() - began)
                for at_once in (1, 4):
                    rate = await _rate(session, server, asked, at_once)
                    server.rates.setdefault(at_once, []).append(rate)
                    print(
                        f"round {turn}, {server.contender.name}, {at_once} at once: {rate:.1f} tokens/s",
                        flush=True,
                    )


async def _rate(session: aiohttp.ClientSession, server: Running, asked: list[str], at_once: int) -> float:
    """Tokens a second over all that is asked, so many chats at a time."""
    left = iter(asked)

    async def work() -> int:
        return sum([await _chat(session, server.url, server.contender.model, prompt) for prompt in left])

    began = time.perf_counter()
    tokens = sum(await asyncio.gather(*(work() for _ in range(at_once))))
    return tokens / (time.perf_counter() - began)


def _resident(process: psutil.Process) -> int:
    """Bytes, with what it has started."""
    return sum(int(one.memory_info().rss) for one in (process, *process.children(recursive=True)))


def report(server: Running, resident: int) -> str:
    """A line: medians over the rounds."""
    rates = ", ".join(
        f"{statistics.median(all_):.1f} tokens/s {n} at once" for n, all_ in server.rates.items()
    )
    first = statistics.median(server.first)
    return (
        f"{server.contender.name:20}{rates}, {first:.2f} s for an answer of one token, "
        f"{server.start_seconds:.1f} s to start, {resident / 1e6:,.0f} MB"
    )


if __name__ == "__main__":
    main()
