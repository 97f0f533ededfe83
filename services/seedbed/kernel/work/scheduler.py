"""The scheduler: the steps of a process that share permits, and how many of their items it asks for."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from nats.aio.msg import Msg

from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.endpoint.endpoint_pool import Place
from seedbed.kernel.work.lease import Ceded, Lease
from seedbed.kernel.work.pull_consumer import PullConsumer

LOOK = 0.5


class Slots(Protocol):
    """Who may work at once: permits of an endpoint, or places of this process."""

    @property
    def granted(self) -> int: ...

    @property
    def room(self) -> int:
        """Permits that nobody uses or waits for."""

    on_grant: Callable[[], None]

    def expect(self, step: str, backlog: int) -> None:
        """Say how many items of a step are waiting."""

    async def acquire(self) -> Place | None:
        """Wait for a permit."""

    def release(self, place: Place | None, /) -> None:
        """Give a permit back."""


class Places:
    """Places for work without a teacher."""

    def __init__(self, count: int) -> None:
        self.granted = count
        self.on_grant: Callable[[], None] = lambda: None
        self._free = asyncio.Semaphore(count)
        self._taken = 0

    @property
    def room(self) -> int:
        """Places that nobody has or waits for."""
        return self.granted - self._taken

    def expect(self, step: str, backlog: int) -> None:
        """Nothing to do: nobody else shares these places."""

    async def acquire(self) -> None:
        """Wait for a place."""
        self._taken += 1
        try:
            await self._free.acquire()
        except BaseException:
            self._taken -= 1
            raise

    def release(self, _place: Place | None) -> None:
        """Give a place back."""
        self._taken -= 1
        self._free.release()


class Turn:
    """One item's way through a lane: looked up, at work with a permit, written down.

    It has the permit for the work alone, so that a call can begin as soon as another has ended.
    """

    def __init__(self, lane: "Scheduler", lease: Lease) -> None:
        self._lane = lane
        self.lease = lease
        self.waited = 0.0
        """Seconds from when the item came until it had its permit."""
        self.begun = False
        """Whether it has had its permit."""
        self._began = time.monotonic()
        self._coming = True
        lane.coming += 1

    @contextlib.asynccontextmanager
    async def work(self) -> AsyncIterator[Place | None]:
        """Wait for a permit, and have it for the time of the work. Raises Ceded where the lease ran out."""
        self._arrive()
        place = await self._lane.slots.acquire()
        self.waited = time.monotonic() - self._began
        try:
            if self.lease.lapsed:
                raise Ceded
            self.begun = True
            yield place
        finally:
            self._lane.slots.release(place)
            self._lane.wake()

    def end(self) -> None:
        """The item is done with, worked on or not."""
        self._arrive()
        self._lane.wake()

    def _arrive(self) -> None:
        self._lane.coming -= self._coming
        self._coming = False


class Scheduler:
    """Keeps requests open for items of its steps: as many as there are permits free, and as many ahead."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.coming = 0
        """Items in hand that have not come to their permit."""
        self._intakes: list[PullConsumer] = []
        self._wake = asyncio.Event()
        slots.on_grant = self._wake.set

    async def add(
        self, bus: Bus, step: str, deliver: Callable[[Msg, Lease], None], *, ack_wait: float
    ) -> None:
        """Let a step take part."""
        intake = PullConsumer(bus, step, deliver, self.wake, ack_wait=ack_wait)
        await intake.start()
        self._intakes.append(intake)

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
        """Take no more."""
        for intake in self._intakes:
            with contextlib.suppress(Exception):
                await intake.stop()

    async def _ask(self) -> None:
        open_requests = {intake.step: intake.outstanding for intake in self._intakes}
        # As many again are looked up ahead, so that no permit waits for the bus when many calls end at once.
        ahead = max(1, self.slots.granted)
        free = self.slots.room + ahead - self.coming - sum(open_requests.values())
        # Asking for few at a time costs a request each, so a handful is waited for, or all there is.
        least = max(1, self.slots.granted // 8)
        for intake in sorted(self._intakes, key=lambda intake: -intake.backlog):
            self.slots.expect(intake.step, intake.backlog)
            known = max(0, intake.backlog - open_requests[intake.step])
            wanted = min(known, free)
            # One request stands always, room or not: it is how a step learns that there is work.
            if not open_requests[intake.step]:
                wanted = max(1, wanted)
            elif wanted < min(least, known):
                continue
            if wanted > 0:
                free -= wanted
                await intake.ask(wanted)
