"""Intake: the items of one step, asked for in as large a number as there is room for.

Own requests to the server instead of `PullSubscription.fetch`: in nats-py larger batches stall for seconds
(upstream issues 934 and 986), and batches of one cost a request an item and a round trip between two.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from seedbed.kernel.bus import WORK, Bus, consumer_name

EXPIRES = 3.0
"""Seconds a request stands. It dies silently with its server, and is taken for gone soon after."""
SLACK = 1.0


@dataclass(slots=True)
class _Request:
    number: int
    left: int
    deadline: float


class Intake:
    """Asks for items of one step; each is handed to `deliver` as it comes."""

    def __init__(
        self, bus: Bus, step: str, deliver: Callable[[Msg], None], on_change: Callable[[], None]
    ) -> None:
        self.step = step
        self.backlog = 0
        """Items that waited on the server when the last one came."""
        self._bus = bus
        self._deliver = deliver
        self._on_change = on_change
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{WORK}.{consumer_name(step)}"
        self._inbox = bus.client.new_inbox()
        self._requests: list[_Request] = []
        self._count = 0
        self._reconnects = 0
        self._subscription: Subscription | None = None

    async def start(self) -> None:
        """Get ready to receive."""
        self._subscription = await self._bus.client.subscribe(f"{self._inbox}.*", cb=self._receive)

    async def stop(self) -> None:
        """Take no more."""
        if self._subscription:
            await self._subscription.unsubscribe()

    @property
    def outstanding(self) -> int:
        """Items asked for that have not come."""
        now, reconnects = time.monotonic(), self._bus.client.stats["reconnects"]
        if reconnects != self._reconnects:
            self._reconnects, self._requests = reconnects, []
        self._requests = [r for r in self._requests if r.left and r.deadline > now]
        return sum(request.left for request in self._requests)

    async def ask(self, count: int) -> None:
        """Ask for so many items more."""
        self._count += 1
        self._requests.append(_Request(self._count, count, time.monotonic() + EXPIRES + SLACK))
        wish = {"batch": count, "expires": int(EXPIRES * 1e9)}
        await self._bus.client.publish(
            self._subject, json.dumps(wish).encode(), f"{self._inbox}.{self._count}"
        )

    async def _receive(self, message: Msg) -> None:
        if message.subject.startswith(self._inbox):
            # A status: the request it names has come to its end.
            number = int(message.subject.rpartition(".")[2])
            self._requests = [request for request in self._requests if request.number != number]
            self.backlog = 0
            self._on_change()
            return
        # Requests are served in turn, so this one belongs to the oldest.
        for request in self._requests:
            if request.left:
                request.left -= 1
                break
        self.backlog = message.metadata.num_pending
        self._deliver(message)
        if self.backlog and not self.outstanding:
            # The standing request has found work: more can be asked for at once.
            self._on_change()
