"""Runs it: `python -m seedbed.serving --listen 127.0.0.1:8002 --model NAME WEIGHTS [ADAPTER]`."""

import argparse
import asyncio
import signal
import sys

from aiohttp import web

from seedbed.kernel.errors import SeedbedError
from seedbed.serving.loaded_models import LoadedModels, Model
from seedbed.serving.server import make_app


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments, load the models, and serve until asked to stop."""
    parser = argparse.ArgumentParser(prog="python -m seedbed.serving", description=__doc__)
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument(
        "--model", required=True, action="append", nargs="+", metavar="WORD", help="NAME WEIGHTS [ADAPTER]"
    )
    options = parser.parse_args(arguments)
    host, _, port = options.listen.rpartition(":")
    try:
        models = LoadedModels([Model(*words) for words in options.model])
        asyncio.run(_serve(models, host.strip("[]"), int(port)))
    except SeedbedError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"cannot listen on {options.listen}: {error}\n")
        return 1
    return 0


async def _serve(models: LoadedModels, host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(make_app(models), access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        await stop.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    sys.exit(main())
