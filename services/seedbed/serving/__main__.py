"""Runs it: `python -m seedbed.serving --listen 127.0.0.1:8002 --model NAME WEIGHTS [ADAPTER]`."""

import argparse
import asyncio
import signal
import sys

from aiohttp import web

from seedbed.kernel.errors import SeedbedError
from seedbed.serving.server import make_app
from seedbed.serving.shelf import Model, Shelf


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments, load, and serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m seedbed.serving", description=__doc__)
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument(
        "--model", required=True, action="append", nargs="+", metavar="WORD", help="NAME WEIGHTS [ADAPTER]"
    )
    options = parser.parse_args(arguments)
    host, _, port = options.listen.rpartition(":")
    try:
        shelf = Shelf([Model(*words) for words in options.model])
        asyncio.run(_serve(shelf, host.strip("[]"), int(port)))
    except SeedbedError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"cannot listen on {options.listen}: {error}\n")
        return 1
    return 0


async def _serve(shelf: Shelf, host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(make_app(shelf), access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        await stop.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    sys.exit(main())
