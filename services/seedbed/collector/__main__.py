"""Runs the collector: `python -m seedbed.collector --listen 127.0.0.1:4318 --folder DIR`.

With SEEDBED_API_TOKEN it asks for that token.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

from aiohttp import web

from seedbed.collector.exposition import Board
from seedbed.collector.receiver import make_app
from seedbed.collector.spans import SpanFile
from seedbed.kernel.errors import SeedbedError
from seedbed.kernel.settings import load_settings

SPANS = "spans.sqlite"
PATIENCE = 300.0
"""Seconds after which a process that reports nothing is not shown any more."""


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments and serve until asked to stop."""
    parser = argparse.ArgumentParser(prog="python -m seedbed.collector", description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:4318", metavar="HOST:PORT", help="port 0: a free one")
    parser.add_argument("--folder", type=Path, required=True, metavar="DIR", help="where spans are kept")
    parser.add_argument("--parent", type=int, default=0, metavar="PID", help="stop when this is no parent")
    options = parser.parse_args(arguments)
    host, _, port = options.listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        parser.error(f"--listen {options.listen}: write HOST:PORT, for example 127.0.0.1:4318")
    try:
        token = load_settings().api_token.get_secret_value()
        asyncio.run(_serve(host.strip("[]"), int(port), options.folder, options.parent, token))
    except SeedbedError as error:
        sys.stderr.write(f"{error.message}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"the collector cannot start: {error}\n")
        return 1
    return 0


async def _serve(host: str, port: int, folder: Path, parent: int, token: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    folder.mkdir(parents=True, exist_ok=True)
    with SpanFile(folder / SPANS) as spans:
        runner = web.AppRunner(make_app(spans, Board(PATIENCE), token), access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port, shutdown_timeout=2)
            await site.start()
            sys.stdout.write(f"collector: OTLP over HTTP at {site.name}, metrics at {site.name}/metrics\n")
            sys.stdout.flush()
            while not stop.is_set() and parent in (0, os.getppid()):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await stop.wait()
        finally:
            await runner.cleanup()


if __name__ == "__main__":
    sys.exit(main())
