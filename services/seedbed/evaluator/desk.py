"""The desk: takes evaluations off the queue, one at a time, and keeps each alive while it is worked on.

Unlike the items of a run, an evaluation has no plan and leaves no record on the bus: what it came to is in
the store. A process that dies hands it back by falling silent, and the next goes on from what is kept there.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from nats.aio.msg import Msg

from seedbed.bus.v1.bus_pb2 import Item
from seedbed.kernel.bus import Bus
from seedbed.kernel.errors import SeedbedError
from seedbed.kernel.intake import EXPIRES, Intake
from seedbed.kernel.logs import bind, get_logger
from seedbed.kernel.tasks import end_tasks
from seedbed.kernel.telemetry.items import Work as Telling

_AGAIN = 2.0

log = get_logger(__name__)

Work = Callable[[Item], Awaitable[None]]


class Desk:
    """One step's items, worked on in turn."""

    def __init__(self, bus: Bus, step: str, work: Work, *, ack_wait: float, heartbeat: float) -> None:
        self._bus = bus
        self._step = step
        self._work = work
        self._ack_wait = ack_wait
        self._heartbeat = heartbeat
        self._came: asyncio.Queue[Msg] = asyncio.Queue()
        # A request that has ended is seen when the next item is waited for.
        self._intake = Intake(bus, step, self._came.put_nowait, lambda: None)
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to take items."""
        await self._bus.add_consumer(self._step, self._ack_wait)
        await self._intake.start()
        self._loop = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Take nothing more, and hand back what is in hand."""
        if self._loop:
            await end_tasks([self._loop])
        with contextlib.suppress(Exception):
            await self._intake.stop()

    async def _run(self) -> None:
        while True:
            if self._came.empty() and not self._intake.outstanding:
                await self._intake.ask(1)
            message = await self._next()
            if message:
                await self._hold(message)

    async def _next(self) -> Msg | None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EXPIRES):
                return await self._came.get()
        return None

    async def _hold(self, message: Msg) -> None:
        item = Item.FromString(message.data)
        beat = asyncio.create_task(self._beat(message))
        try:
            with bind(item=item.digest[:12], step=item.step), Telling(item, message):
                await self._work(item)
                await message.ack()
        except SeedbedError as error:
            log.warning("tried again in a moment", why=error.message)
            await message.nak(delay=_AGAIN)
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                await message.nak()
            raise
        except Exception:
            # Neither acknowledged nor kept alive any more: it comes again after the wait.
            log.exception("item dropped, it will come again")
        finally:
            await end_tasks([beat])

    async def _beat(self, message: Msg) -> None:
        while True:
            with contextlib.suppress(Exception):
                await message.in_progress()
            await asyncio.sleep(self._heartbeat)
