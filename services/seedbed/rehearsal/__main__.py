"""Runs the rehearsal teacher: `python -m seedbed.rehearsal --listen 127.0.0.1:8001`."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from aiohttp import web

from seedbed.rehearsal.server import make_app


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments and serve until a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m seedbed.rehearsal", description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:8001", metavar="HOST:PORT", help="port 0: a free one")
    parser.add_argument("--delay-ms", type=float, default=0.0, help="wait this long before each reply")
    options = parser.parse_args(arguments)
    host, _, port = options.listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        parser.error(f"--listen {options.listen}: write HOST:PORT, for example 127.0.0.1:8001")
    if options.delay_ms < 0:
        parser.error("--delay-ms: write 0 or more")
    try:
        asyncio.run(_serve(host.strip("[]"), int(port), options.delay_ms / 1000))
    except OSError as error:
        sys.stderr.write(f"cannot listen on {options.listen}: {error}; choose another port\n")
        return 1
    return 0


async def _serve(host: str, port: int, delay: float) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(make_app(delay), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, shutdown_timeout=5)
        await site.start()
        sys.stdout.write(f"rehearsal teacher: answers by rules, no model behind it; {site.name}/v1\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    sys.exit(main())
