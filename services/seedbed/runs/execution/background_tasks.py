"""Tasks of a process that serves on: what fails is logged and taken up again, never silently gone."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from seedbed.kernel.errors import SeedbedError
from seedbed.kernel.logs import get_logger

PAUSE = 1.0
LATELY = 6.0
"""Longer than whoever watches over work takes to take it up again."""

log = get_logger(__name__)


class Tasks:
    """Holds tasks until they end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._trouble = ""
        self._last_trouble = 0.0

    @property
    def trouble(self) -> str:
        """What has stopped work lately; empty where all goes on."""
        return self._trouble if time.monotonic() - self._last_trouble < LATELY else ""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something once, beside everything else; what fails is taken up by whoever watches over it."""
        self._add(self._run_once(work))

    def keep_up(self, loop: Callable[[], Awaitable[None]]) -> None:
        """Run a loop that never ends: where it fails it begins anew after a pause."""
        self._add(self._repeat(loop))

    async def stop(self) -> None:
        """Cancel all tasks and wait until they have ended."""
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            # More than once: `asyncio.wait_for` of Python 3.11 swallows one that comes just as it is done.
            await asyncio.wait(self._tasks, timeout=0.5)

    def _add(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run_once(self, work: Awaitable[None]) -> None:
        try:
            await work
        except SeedbedError as error:
            log.warning("work stopped; it is taken up again", error=error.message)
            # The first says it for all: one cause stops many.
            self._trouble = self.trouble or error.message
            self._last_trouble = time.monotonic()
        except Exception:
            log.exception("work stopped; it is taken up again")

    async def _repeat(self, loop: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._run_once(loop())
            await asyncio.sleep(PAUSE)
