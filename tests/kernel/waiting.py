"""Waiting for what comes about by itself."""

import asyncio
from collections.abc import Callable
from typing import Any


async def until(condition: Callable[[], Any], patience: float = 10) -> None:
    """Wait until a condition holds; it may be awaitable. Raises TimeoutError."""
    async with asyncio.timeout(patience):
        while True:
            found = condition()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.01)
