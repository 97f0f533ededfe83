"""What a call costs by our HTTP client and by aiohttp: CPU of this process, in turns, at the mock endpoint.

`python benchmarks/http_clients.py --turns 20`. What is asked and answered is of a verdict's size, 64 at once
over connections that are kept. Ours stands as long as that pays: see `kernel/endpoint/http_client.py`.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import aiohttp
import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs by its path, too

from seedbed.kernel.endpoint.endpoint_client import REPLY_BYTES
from seedbed.kernel.endpoint.http_client import IDLE, HttpClient
from tests.faults.stage import open_teacher

CALLS, AT_ONCE = 600, 64
PATH = "/chat/completions"
BODY = json.dumps(
    {
        "model": "tiny",
        "messages": [{"role": "system", "content": "x" * 1500}, {"role": "user", "content": "y" * 2500}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "Verdict"}},
    }
).encode()
KEY = {"Authorization": "Bearer key"}
Ask = Callable[[], Awaitable[int]]
"""Makes one call; answers the length of what is answered."""


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=20)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="seedbed-bench-") as folder,
        open_teacher(Path(folder), delay_ms=50) as teacher,
    ):
        spent = uvloop.run(_measure(teacher.url, options.turns))
    for name, seconds in spent.items():
        ratios = [one / ours for one, ours in zip(seconds, spent["ours"], strict=True)]
        print(
            f"{name:8}{statistics.median(seconds) * 1e6:>6.0f} µs of CPU a call, "
            f"{statistics.median(ratios):.2f} times ours ({min(ratios):.2f} to {max(ratios):.2f})"
        )


async def _measure(url: str, turns: int) -> dict[str, list[float]]:
    spent: dict[str, list[float]] = {"ours": [], "aiohttp": []}
    async with _ours(url) as ours, _aiohttp(url) as general:
        for turn in range(-1, turns):
            for name, ask in (("ours", ours), ("aiohttp", general))[:: -1 if turn % 2 else 1]:
                seconds = await _work(ask)
                # In the first turn connections are opened.
                if turn >= 0:
                    spent[name].append(seconds)
    return spent


async def _work(ask: Ask) -> float:
    """CPU seconds a call."""
    left = iter(range(CALLS))

    async def work() -> None:
        for _ in left:
            assert await ask()

    began = time.process_time()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return (time.process_time() - began) / CALLS


@asynccontextmanager
async def _ours(url: str) -> AsyncIterator[Ask]:
    with closing(HttpClient(url, KEY, REPLY_BYTES)) as client:

        async def ask() -> int:
            return len((await client.ask("POST", PATH, BODY)).body)

        yield ask


@asynccontextmanager
async def _aiohttp(url: str) -> AsyncIterator[Ask]:
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE)
    headers = {**KEY, "Content-Type": "application/json"}
    bare = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(
        connector=connector, headers=headers, timeout=bare, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:

        async def ask() -> int:
            async with session.post(url + PATH, data=BODY, allow_redirects=False) as answer:
                return len(await answer.read())

        yield ask


if __name__ == "__main__":
    main()
