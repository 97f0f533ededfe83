"""The places to ask a model at: permits of each of its endpoints, and who waits for one.

Each call goes where the least of what may be in flight is in flight; an endpoint that is away is left out.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from seedbed.kernel.endpoint.endpoint_client import EndpointClient
from seedbed.kernel.endpoint.limits.call_stats import Call
from seedbed.kernel.endpoint.limits.permits import Permits
from seedbed.kernel.errors import EndpointError


@dataclass(frozen=True, slots=True)
class Desk:
    """One endpoint: the line to it, and this process's permits for it."""

    line: EndpointClient
    permits: Permits


class Place:
    """A permit at one of the endpoints, changed for another where that one fails."""

    def __init__(self, pool: "EndpointPool", desk: Desk) -> None:
        self.desk: Desk | None = desk
        self._pool = pool
        self._line = desk.line
        self._call: Call | None = None

    @property
    def line(self) -> EndpointClient:
        """Where to ask."""
        return self._line

    def begin(self) -> None:
        """A request is made."""
        if self.desk is not None:
            self._call = self.desk.permits.begin()

    def end(self, error: EndpointError | None = None) -> None:
        """It has come to its end."""
        if self.desk is not None and self._call is not None:
            self.desk.permits.end(self._call, error)
            self._call = None

    async def move(self, error: EndpointError | None) -> None:
        """Give the permit back and wait for one, before all that have not begun."""
        self.end(error)
        if error:
            self._line.pause(error)
        self.leave()
        self.desk = await self._pool.wait(first=True)
        self._line = self.desk.line

    def leave(self) -> None:
        """Give the permit back."""
        if self.desk is not None:
            if self._call is not None:
                self.desk.permits.drop(self._call)
                self._call = None
            self.desk.permits.give_back()
            self.desk = None


class EndpointPool:
    """All endpoints of one model, for this process."""

    def __init__(self, desks: Sequence[Desk]) -> None:
        self.desks = tuple(desks)
        self.on_grant: Callable[[], None] = lambda: None
        self._waiters: deque[asyncio.Future[Desk]] = deque()
        self._backlog: dict[str, int] = {}
        self._told: tuple[int, Sequence[Desk], list[int]] | None = None
        for desk in self.desks:
            desk.permits.on_grant = self._granted
            desk.permits.on_rest = desk.line.rest
            desk.line.on_pause = self._make_on_pause(desk)

    @property
    def granted(self) -> int:
        """Calls this process may have in flight."""
        return sum(desk.permits.granted for desk in self.desks)

    @property
    def room(self) -> int:
        """Permits that nobody uses or waits for."""
        return sum(max(0, desk.permits.free) for desk in self._open()) - len(self._waiters)

    def start(self) -> None:
        """Begin to take part in the tables."""
        for desk in self.desks:
            desk.permits.start()

    async def stop(self) -> None:
        """Leave the tables, close the lines."""
        for desk in self.desks:
            await desk.permits.stop()
            await desk.line.close()

    def expect(self, step: str, backlog: int) -> None:
        """Say how many items of a step are waiting."""
        if self._backlog.get(step) != backlog:
            self._backlog[step] = backlog
            self._tell()

    def pause(self, why: str) -> None:
        """Say why items wait, other than for an endpoint; "" when they do not any more."""
        for desk in self.desks:
            desk.permits.pause(why)

    async def acquire(self) -> Place:
        """Wait for a place."""
        return Place(self, await self.wait())

    def release(self, place: Place | None) -> None:
        """Give a place back."""
        if place is not None:
            place.leave()
        self._hand_out()

    async def wait(self, *, first: bool = False) -> Desk:
        """Wait for a permit, wherever one is free."""
        waiter: asyncio.Future[Desk] = asyncio.get_running_loop().create_future()
        if first:
            self._waiters.appendleft(waiter)
        else:
            self._waiters.append(waiter)
        self._hand_out()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                waiter.result().permits.give_back()
                self._hand_out()
            else:
                # Already taken off where permits were handed out since it was cancelled.
                with contextlib.suppress(ValueError):
                    self._waiters.remove(waiter)
                self._tell()
            raise

    def _open(self) -> list[Desk]:
        return [desk for desk in self.desks if desk.line.is_open]

    def _hand_out(self) -> None:
        while self._waiters:
            free = [desk for desk in self._open() if desk.permits.free > 0]
            if not free:
                break
            waiter = self._waiters.popleft()
            if not waiter.done():
                desk = min(free, key=lambda desk: desk.permits.load)
                desk.permits.take()
                waiter.set_result(desk)
        self._tell()

    def _tell(self) -> None:
        """Let each table know of the part of those waiting that falls to it."""
        # While all are closed nothing is known better than before.
        sharing = self._open() or self.desks
        limits = [desk.permits.limit for desk in sharing]
        total = sum(limits)
        # More than could ever be asked at once makes no difference, and nearly always there is more.
        waiting = min(total, len(self._waiters) + sum(self._backlog.values()))
        if self._told == (told := (waiting, sharing, limits)):
            return
        self._told = told
        for desk in self.desks:
            part = -(-waiting * desk.permits.limit // total) if desk in sharing else 0
            desk.permits.expect(part)

    def _granted(self) -> None:
        self._hand_out()
        self.on_grant()

    def _make_on_pause(self, desk: Desk) -> Callable[[str], None]:
        def on_pause(why: str) -> None:
            desk.permits.pause(why)
            self._granted()

        return on_pause
