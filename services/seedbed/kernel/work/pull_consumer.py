"""The pull consumer: the items of one step, asked for in as large a number as there is room for.

Own requests to the server instead of `PullSubscription.fetch`: in nats-py larger batches stall for seconds
(upstream issues 934 and 986), and batches of one cost a request an item and a round trip between two.
"""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from seedbed.kernel.bus.streams import WORK, Bus, consumer_name
from seedbed.kernel.work.lease import Lease

EXPIRES = 3.0
"""Seconds a request stands. It dies silently with its server, and is taken for gone soon after."""
SLACK = 1.0


@dataclass(slots=True)
class _Request:
    number: int
    left: int
    asked: float
    end: float
    missed: float = math.inf
    """When it was first found past its end without the server's word that it is over."""

    def is_lost(self, now: float) -> bool:
        """Whether that word has not come since either; a process that was frozen has yet to read it."""
        if now > self.end:
            self.missed = min(self.missed, now)
        return now > self.missed + SLACK


class PullConsumer:
    """Asks for items of one step; each is handed to `deliver` as it comes, with its lease."""

    def __init__(
        self,
        bus: Bus,
        step: str,
        deliver: Callable[[Msg, Lease], None],
        on_change: Callable[[], None],
        *,
        ack_wait: float,
    ) -> None:
        self.step = step
        self.backlog = 0
        """Items that waited on the server when the last one came."""
        self._bus = bus
        self._deliver = deliver
        self._on_change = on_change
        self._ack_wait = ack_wait
        # Short beside the wait: an item may be as old as the request it came by.
        self._expires = min(EXPIRES, ack_wait / 2)
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{WORK}.{consumer_name(step)}"
        self._inbox = bus.client.new_inbox()
        self._requests: list[_Request] = []
        self._count = 0
        self._reconnects = 0
        self._connected = time.monotonic()
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Subscribe to the inbox on which the items that are asked for arrive."""
        self._subscription = await self._bus.client.subscribe(f"{self._inbox}.*", cb=self._receive)

    async def stop(self) -> None:
        """Unsubscribe: what the broker hands out from now on comes again after the acknowledgement wait."""
        if self._subscription:
            await self._subscription.unsubscribe()

    @property
    def outstanding(self) -> int:
        """Items asked for that have not come."""
        self._look_at_connection()
        now = time.monotonic()
        self._requests = [r for r in self._requests if r.left and not r.is_lost(now)]
        return sum(request.left for request in self._requests)

    async def ask(self, count: int) -> None:
        """Ask for so many items more."""
        self._count += 1
        now = time.monotonic()
        self._requests.append(_Request(self._count, count, now, now + self._expires))
        wish = {"batch": count, "expires": int(self._expires * 1e9)}
        await self._bus.client.publish(
            self._subject, json.dumps(wish).encode(), f"{self._inbox}.{self._count}"
        )

    async def _receive(self, message: Msg) -> None:
        if message.subject.startswith(self._inbox):
            # A status: the request it names has ended.
            number = int(message.subject.rpartition(".")[2])
            self._requests = [request for request in self._requests if request.number != number]
            self.backlog = 0
            self._on_change()
            return
        self.backlog = message.metadata.num_pending
        self._deliver(message, Lease(self._ack_wait, self._match()))
        if self.backlog and not self.outstanding:
            # The standing request has found work: more can be asked for at once.
            self._on_change()

    def _look_at_connection(self) -> None:
        reconnects = self._bus.client.stats["reconnects"]
        if reconnects != self._reconnects:
            # Which requests went with the old one is not known.
            self._reconnects, self._connected, self._requests = reconnects, time.monotonic(), []

    def _match(self) -> float:
        """When the item that has come left the server at the earliest: in a frozen process it lies unread."""
        self._look_at_connection()
        # Requests are served in turn, so this one belongs to the oldest.
        for request in self._requests:
            if request.left:
                request.left -= 1
                return request.asked
        return self._connected
