"""A service as small as can be, to be run as a process: `python -m tests.kernel.small_service`."""

import asyncio
import contextlib
import os
import sys
from typing import Any

from seedbed.kernel.service import Kernel, Service, run_service
from seedbed.kernel.work.step import Step
from tests.kernel import greeter
from tests.kernel.chain import Sow, Weigh


def build(kernel: Kernel) -> Service:
    """Put the service together, and say as whom."""

    async def lose_a_cancellation() -> None:
        # As `asyncio.wait_for` of Python 3.11 does where it comes together with an answer.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    async def start() -> None:
        await kernel.bus.prepare()
        if "STUBBORN" in os.environ:
            sys.stderr.write("starting\n")
            await lose_a_cancellation()

    async def stop() -> None:
        sys.stderr.write("stopped in order\n")

    if os.environ.get("BROKEN"):
        raise RuntimeError("broken while it is built")
    steps: list[Step[Any, Any]] = [Sow(), Weigh()] if kernel.settings.teacher_url else []
    return Service(names=[greeter.NAME], register=greeter.register, start=start, stop=stop, steps=steps)


if __name__ == "__main__":
    run_service("small", build)
