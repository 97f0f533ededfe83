"""Watches the broker's health: a stream that could not be written once refuses until its server starts anew.

A full disk is enough for that, and room again does not mend it (seen with nats-server 2.15).
"""

import asyncio
import shutil
from pathlib import Path
from typing import Protocol

import aiohttp

from seedbed.cli.stack.processes.supervisor import Notify
from seedbed.cli.stack.programs import address

_LOOK = 2.0
_PATIENCE = aiohttp.ClientTimeout(total=2)
_SYMPTOM = "write error"
# Less is as good as nothing: it would start only to fail again.
_ROOM = 8 * 1024 * 1024


class Restartable(Protocol):
    """Whoever can start the broker anew: its supervisor."""

    name: str

    async def restart(self) -> None: ...


async def keep_healthy(broker: Restartable, monitor: int, folder: Path, notify: Notify) -> None:
    """Start the broker anew when it has stopped writing and its disk has room; never ends."""
    notified = False
    async with aiohttp.ClientSession(timeout=_PATIENCE) as session:
        while True:
            await asyncio.sleep(_LOOK)
            trouble = await _ask(session, f"http://{address(monitor)}/healthz")
            if _SYMPTOM not in trouble:
                notified = False
                continue
            if not notified:
                notified = True
                notify(f"{broker.name} cannot write; the run waits until there is room: {trouble}")
            if shutil.disk_usage(folder).free >= _ROOM:
                await broker.restart()


async def _ask(session: aiohttp.ClientSession, url: str) -> str:
    """What ails it; empty where nothing does, or where it does not answer: then its supervisor knows."""
    try:
        async with session.get(url) as answer:
            if answer.status != 503:
                return ""
            found = await answer.json(content_type=None)
    except (aiohttp.ClientError, OSError, ValueError):
        return ""
    return str(found.get("error", "")) if isinstance(found, dict) else ""
