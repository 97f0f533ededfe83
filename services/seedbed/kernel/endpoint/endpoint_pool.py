"""The endpoints of one model: this process's permits at each, and who waits for one.

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
class LimitedEndpoint:
    """One endpoint: its client, and this process's permits for it."""

    client: EndpointClient
    permits: Permits


class PoolPermit:
    """A permit at one of the endpoints, changed for another where that one fails."""

    def __init__(self, pool: "EndpointPool", endpoint: LimitedEndpoint) -> None:
        self.endpoint: LimitedEndpoint | None = endpoint
        self._pool = pool
        self._client = endpoint.client
        self._call: Call | None = None

    @property
    def client(self) -> EndpointClient:
        """The client of the endpoint that the permit is for, or was for last."""
        return self._client

    def begin(self) -> None:
        """A request is sent: it counts as a call in flight from now on."""
        if self.endpoint is not None:
            self._call = self.endpoint.permits.begin()

    def end(self, error: EndpointError | None = None) -> None:
        """The call has ended, with an answer or with an error of the endpoint's."""
        if self.endpoint is not None and self._call is not None:
            self.endpoint.permits.end(self._call, error)
            self._call = None

    async def move(self, error: EndpointError | None) -> None:
        """Give the permit back and wait for one, before all that have not begun."""
        self.end(error)
        if error:
            self._client.pause(error)
        self.leave()
        self.endpoint = await self._pool.wait(first=True)
        self._client = self.endpoint.client

    def leave(self) -> None:
        """Give the permit back; a call still in flight does not count any more."""
        if self.endpoint is not None:
            if self._call is not None:
                self.endpoint.permits.drop(self._call)
                self._call = None
            self.endpoint.permits.give_back()
            self.endpoint = None


class EndpointPool:
    """All endpoints of one model, for this process."""

    def __init__(self, endpoints: Sequence[LimitedEndpoint]) -> None:
        self.endpoints = tuple(endpoints)
        self.on_grant: Callable[[], None] = lambda: None
        self._waiters: deque[asyncio.Future[LimitedEndpoint]] = deque()
        self._backlog: dict[str, int] = {}
        self._reported: tuple[int, Sequence[LimitedEndpoint], list[int]] | None = None
        for endpoint in self.endpoints:
            endpoint.permits.on_grant = self._granted
            endpoint.permits.on_rest = endpoint.client.rest
            endpoint.client.on_pause = self._make_on_pause(endpoint)

    @property
    def granted(self) -> int:
        """Calls this process may have in flight."""
        return sum(endpoint.permits.granted for endpoint in self.endpoints)

    @property
    def room(self) -> int:
        """Permits that nobody uses or waits for."""
        return sum(max(0, endpoint.permits.free) for endpoint in self._open()) - len(self._waiters)

    def start(self) -> None:
        """Begin to take part in the tables."""
        for endpoint in self.endpoints:
            endpoint.permits.start()

    async def stop(self) -> None:
        """Leave the tables and close the connections."""
        for endpoint in self.endpoints:
            await endpoint.permits.stop()
            await endpoint.client.close()

    def expect(self, step: str, backlog: int) -> None:
        """Say how many items of a step are waiting."""
        if self._backlog.get(step) != backlog:
            self._backlog[step] = backlog
            self._report()

    def pause(self, why: str) -> None:
        """Say why items wait, other than for an endpoint; "" when they do not any more."""
        for endpoint in self.endpoints:
            endpoint.permits.pause(why)

    async def acquire(self) -> PoolPermit:
        """Wait for a permit at any of the endpoints, behind all who wait already."""
        return PoolPermit(self, await self.wait())

    def release(self, permit: PoolPermit | None) -> None:
        """Give a permit back, and hand it to who waits longest."""
        if permit is not None:
            permit.leave()
        self._hand_out()

    async def wait(self, *, first: bool = False) -> LimitedEndpoint:
        """Wait for a permit, wherever one is free."""
        waiter: asyncio.Future[LimitedEndpoint] = asyncio.get_running_loop().create_future()
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
                self._report()
            raise

    def _open(self) -> list[LimitedEndpoint]:
        return [endpoint for endpoint in self.endpoints if endpoint.client.is_open]

    def _hand_out(self) -> None:
        while self._waiters:
            free = [endpoint for endpoint in self._open() if endpoint.permits.free > 0]
            if not free:
                break
            waiter = self._waiters.popleft()
            if not waiter.done():
                endpoint = min(free, key=lambda endpoint: endpoint.permits.load)
                endpoint.permits.take()
                waiter.set_result(endpoint)
        self._report()

    def _report(self) -> None:
        """Let each table know of the part of those waiting that falls to it."""
        # While all are closed nothing is known better than before.
        sharing = self._open() or self.endpoints
        limits = [endpoint.permits.limit for endpoint in sharing]
        total = sum(limits)
        # More than could ever be asked at once makes no difference, and nearly always there is more.
        waiting = min(total, len(self._waiters) + sum(self._backlog.values()))
        if self._reported == (state := (waiting, sharing, limits)):
            return
        self._reported = state
        for endpoint in self.endpoints:
            part = -(-waiting * endpoint.permits.limit // total) if endpoint in sharing else 0
            endpoint.permits.expect(part)

    def _granted(self) -> None:
        self._hand_out()
        self.on_grant()

    def _make_on_pause(self, endpoint: LimitedEndpoint) -> Callable[[str], None]:
        def on_pause(why: str) -> None:
            endpoint.permits.pause(why)
            self._granted()

        return on_pause
