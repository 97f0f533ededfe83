"""Reading a bucket as it changes, with a sure word on when all that was there has come."""

import asyncio
import contextlib

import nats.js.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import DeliverPolicy
from nats.js.kv import KeyValue

READER_GONE = 2.0
"""Seconds after which the broker drops what was made for a reader that has gone. After the client's five
minutes a few calls a second would have filled it up, and then nobody can read."""


class Watch:
    """One consumer of the values of a bucket.

    The client's own watch says that there was nothing where the values are still on their way: it asks
    how many wait once they have been sent, and looks for what came before any of it was taken.
    """

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        # Waiting at a queue can be given up without losing what comes at that moment.
        self._messages = asyncio.Queue[Msg]()
        self._subscription: JetStreamContext.PushSubscription | None = None
        self._last: Msg.Metadata | None = None
        self.is_over = False
        """Whether all that was there has been taken."""

    async def start(self, js: JetStreamContext, keys: str) -> "Watch":
        """Begin to read the values under keys."""
        self._subscription = await js.subscribe(
            f"$KV.{self._bucket}.{keys}",
            stream=f"KV_{self._bucket}",
            cb=self._messages.put,
            ordered_consumer=True,
            deliver_policy=DeliverPolicy.LAST_PER_SUBJECT,
            inactive_threshold=READER_GONE,
        )
        return self

    async def stop(self) -> None:
        """Leave; the broker forgets the rest by itself."""
        if self._subscription:
            with contextlib.suppress(Exception):
                await self._subscription.unsubscribe()

    async def next(self) -> KeyValue.Entry:
        """The next value, as soon as there is one."""
        message = await self._messages.get()
        self._last = message.metadata
        self.is_over |= self._last.num_pending == 0
        return KeyValue.Entry(
            bucket=self._bucket,
            key=message.subject.removeprefix(f"$KV.{self._bucket}."),
            value=message.data,
            revision=self._last.sequence.stream,
            delta=self._last.num_pending,
            created=None,
            operation=None,
        )

    async def look(self) -> None:
        """Ask the broker whether all has been taken: an empty bucket and a removed key send no value."""
        if self._subscription is None:
            return
        try:
            info = await self._subscription.consumer_info()
        except nats.js.errors.NotFoundError:
            return  # Lost with the broker that held it, or about to be made anew.
        taken = self._last.sequence.consumer if self._last and self._last.consumer == info.name else 0
        sent = info.delivered.consumer_seq if info.delivered else 0
        self.is_over |= info.num_pending == 0 and sent <= taken
