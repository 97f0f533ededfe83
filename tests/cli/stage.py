"""The command as a person runs it, and a teacher that counts what it is asked."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from aiohttp import web

from seedbed.rehearsal.server import make_app

ROOT = Path(__file__).resolve().parent.parent.parent
TAXONOMY = ROOT / "taxonomy"
SEEDBED = (sys.executable, "-m", "seedbed.cli")
PATIENCE = 170
ONE_LEAF = ("--leaf", "knowledge/arts/**")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def object(self) -> Any:
        """The last line of stdout, as `--json` promises it."""
        return json.loads(self.out.splitlines()[-1])


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEEDBED_")}
    return {**kept, "PYTHONPATH": str(ROOT / "services"), **more}


async def start(*arguments: object, **env: str) -> asyncio.subprocess.Process:
    """Start the command."""
    return await asyncio.create_subprocess_exec(
        *SEEDBED,
        *map(str, arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(**env),
    )


async def finish(process: asyncio.subprocess.Process, patience: float = PATIENCE) -> Ended:
    """Wait for its end; one that takes too long is interrupted, so that it still says how far it came."""
    ending = asyncio.ensure_future(process.communicate())
    await asyncio.wait({ending}, timeout=patience)
    if not ending.done():
        process.send_signal(signal.SIGINT)
    out, err = await ending
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


async def seedbed(*arguments: object, **env: str) -> Ended:
    """Run the command to its end."""
    return await finish(await start(*arguments, **env))


def stack_of(process: asyncio.subprocess.Process) -> dict[str, psutil.Process]:
    """The processes a running command has started, by name."""
    children = psutil.Process(process.pid).children()
    return {name_of(child): child for child in children}


def name_of(process: psutil.Process) -> str:
    words = process.cmdline()
    if "-m" in words:
        return words[words.index("-m") + 1].removeprefix("seedbed.")
    return Path(words[0]).name if words else ""


async def gone(processes: list[psutil.Process], patience: float = 5) -> bool:
    """Whether all of them end in time; what nobody reaps counts as ended."""

    def alive(process: psutil.Process) -> bool:
        try:
            return process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    deadline = asyncio.get_running_loop().time() + patience
    while any(map(alive, processes)):
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


class CountingTeacher:
    """The rehearsal teacher behind a counter."""

    def __init__(self) -> None:
        self.asked = 0
        self.url = ""

    async def reach(self, count: int) -> None:
        """Wait until it was asked so often."""
        async with asyncio.timeout(60):
            while self.asked < count:  # noqa: ASYNC110  a number has no event
                await asyncio.sleep(0.02)


@asynccontextmanager
async def open_teacher(delay: float, most: int | None = None) -> AsyncIterator[CountingTeacher]:
    """A rehearsal teacher in this process that takes its time, and for ever over calls beyond `most`."""
    teacher = CountingTeacher()

    @web.middleware
    async def count(request: web.Request, handler: Any) -> web.StreamResponse:
        teacher.asked += request.path.endswith("/chat/completions")
        if most is not None and teacher.asked > most:
            await asyncio.Event().wait()
        response: web.StreamResponse = await handler(request)
        return response

    app = make_app(delay)
    app.middlewares.append(count)
    async with serving(app) as teacher.url:
        yield teacher


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """The base address of an app that runs in this process."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        await runner.cleanup()
