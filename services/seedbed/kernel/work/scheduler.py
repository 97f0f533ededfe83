"""The scheduler: the steps of a process that share permits, and how many of their items it asks for."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from nats.aio.msg import Msg

from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.endpoint.endpoint_pool import PoolPermit
from seedbed.kernel.work.lease import Ceded, Lease
from seedbed.kernel.work.pull_consumer import PullConsumer

LOOK = 0.5


class PermitSource(Protocol):
    """Where permits to work come from: an endpoint's limit, or this process's own."""

    @property
    def granted(self) -> int: ...

    @property
    def room(self) -> int:
        """Permits that nobody uses or waits for."""

    on_grant: Callable[[], None]

    def expect(self, step: str, backlog: int) -> None:
        """Say how many items of a step are waiting."""

    async def acquire(self) -> PoolPermit | None:
        """Wait for a permit; None where there is no endpoint to which it belongs."""

    def release(self, permit: PoolPermit | None, /) -> None:
        """Give back what `acquire` gave."""


class LocalPermits:
    """Permits for work without a teacher: so many at once, for this process alone."""

    def __init__(self, count: int) -> None:
        self.granted = count
        self.on_grant: Callable[[], None] = lambda: None
        self._free = asyncio.Semaphore(count)
        self._taken = 0

    @property
    def room(self) -> int:
        """Permits that nobody has or waits for."""
        return self.granted - self._taken

    def expect(self, step: str, backlog: int) -> None:
        """Nothing to do: nobody else shares these permits."""

    async def acquire(self) -> None:
        """Wait until fewer than `granted` are taken."""
        self._taken += 1
        try:
            await self._free.acquire()
        except BaseException:
            self._taken -= 1
            raise

    def release(self, _place: PoolPermit | None) -> None:
        """Give one back."""
        self._taken -= 1
        self._free.release()


class Turn:
    """One item's way through a scheduler: looked up, at work with a permit, written down.

    It has the permit for the work alone, so that a call can begin as soon as another has ended.
    """

    def __init__(self, scheduler: "Scheduler", lease: Lease) -> None:
        self._scheduler = scheduler
        self.lease = lease
        self.waited = 0.0
        """Seconds from when the item came until it had its permit."""
        self.begun = False
        """Whether it has had its permit."""
        self._began = time.monotonic()
        self._coming = True
        scheduler.coming += 1

    @contextlib.asynccontextmanager
    async def work(self) -> AsyncIterator[PoolPermit | None]:
        """Wait for a permit, and have it for the time of the work. Raises Ceded where the lease ran out."""
        self._arrive()
        permit = await self._scheduler.permits.acquire()
        self.waited = time.monotonic() - self._began
        try:
            if self.lease.lapsed:
                raise Ceded
            self.begun = True
            yield permit
        finally:
            self._scheduler.permits.release(permit)
            self._scheduler.wake()

    def end(self) -> None:
        """The item is done with, worked on or not."""
        self._arrive()
        self._scheduler.wake()

    def _arrive(self) -> None:
        self._scheduler.coming -= self._coming
        self._coming = False


class Scheduler:
    """Keeps requests open for items of its steps: as many as there are permits free, and as many ahead."""

    def __init__(self, permits: PermitSource) -> None:
        self.permits = permits
        self.coming = 0
        """Items in flight that have no permit yet."""
        self._consumers: list[PullConsumer] = []
        self._wake = asyncio.Event()
        permits.on_grant = self._wake.set

    async def add(
        self, bus: Bus, step: str, deliver: Callable[[Msg, Lease], None], *, ack_wait: float
    ) -> None:
        """Let a step take part."""
        consumer = PullConsumer(bus, step, deliver, self.wake, ack_wait=ack_wait)
        await consumer.start()
        self._consumers.append(consumer)

    def wake(self) -> None:
        """Look again: something has changed."""
        self._wake.set()

    async def run(self) -> None:
        """Ask for items as there is room for them; never ends."""
        while True:
            await self._ask()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._wake.wait()
            self._wake.clear()

    async def stop(self) -> None:
        """Take no more items; those in flight go on."""
        for consumer in self._consumers:
            with contextlib.suppress(Exception):
                await consumer.stop()

    async def _ask(self) -> None:
        open_requests = {consumer.step: consumer.outstanding for consumer in self._consumers}
        # As many again are looked up ahead, so that no permit waits for the bus when many calls end at once.
        ahead = max(1, self.permits.granted)
        free = self.permits.room + ahead - self.coming - sum(open_requests.values())
        # Asking for few at a time costs a request each, so a handful is waited for, or all there is.
        least = max(1, self.permits.granted // 8)
        for consumer in sorted(self._consumers, key=lambda consumer: -consumer.backlog):
            self.permits.expect(consumer.step, consumer.backlog)
            known = max(0, consumer.backlog - open_requests[consumer.step])
            wanted = min(known, free)
            # One request stands always, room or not: it is how a step learns that there is work.
            if not open_requests[consumer.step]:
                wanted = max(1, wanted)
            elif wanted < min(least, known):
                continue
            if wanted > 0:
                free -= wanted
                await consumer.ask(wanted)
