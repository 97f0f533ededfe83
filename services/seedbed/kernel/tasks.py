"""Ends asyncio tasks: cancels them until they have ended, as a cancellation may be swallowed once."""

import asyncio
from collections.abc import Iterable
from typing import Any

_PATIENCE = 0.2


async def end_tasks(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended; what they raise is not looked at.

    nats-py waits by `asyncio.wait_for`, which on Python 3.11 swallows a cancellation that comes together
    with a message, and the task goes on as if nobody had asked.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_PATIENCE)
