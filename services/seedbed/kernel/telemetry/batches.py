"""Spans on their way out: kept until there are many or the oldest has waited, then sent together.

What cannot be sent is counted in a warning and forgotten: a collector that is away takes no memory without
end, and no item waits for one.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from seedbed.kernel.logs import get_logger
from seedbed.kernel.tasks import end_tasks
from seedbed.kernel.telemetry.spans import Span

BATCH = 2_048
MOST = 16_384
"""Spans that are kept; more are dropped."""
PATIENCE = 5.0
"""Seconds that a span may wait for others."""

log = get_logger(__name__)

Send = Callable[[Sequence[Span]], bool]
"""Blocks, and says whether it was taken."""


class Batches:
    """Sends in threads, one batch after another."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: list[Span] = []
        self._dropped = 0
        self._full = asyncio.Event()
        self._sending = asyncio.Lock()
        self._loop: asyncio.Task[None] | None = None

    def add(self, span: Span) -> None:
        """Take a span to be sent; dropped, and counted, where too many wait already."""
        if len(self._waiting) >= MOST:
            self._dropped += 1
            return
        self._waiting.append(span)
        if len(self._waiting) == BATCH:
            self._full.set()

    def start(self) -> None:
        """Begin to send, in batches."""
        self._loop = asyncio.create_task(self._keep_sending())

    async def stop(self) -> None:
        """Send no more by itself; what there is goes with `flush`."""
        if self._loop:
            await end_tasks([self._loop])

    async def flush(self) -> None:
        """Send all that waits; what the collector refuses is dropped, and logged."""
        async with self._sending:
            while self._waiting:
                batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                if not await asyncio.to_thread(self._send, batch):
                    self._dropped += len(batch)
            if self._dropped:
                log.warning("spans were dropped: the collector does not take them", spans=self._dropped)
                self._dropped = 0

    async def _keep_sending(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await self._full.wait()
            self._full.clear()
            await self.flush()
