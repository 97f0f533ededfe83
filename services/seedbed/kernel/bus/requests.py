"""Requests to the broker, many at once over one inbox: the ways that every item goes.

`nats-py` has its own, for all uses; this one does less for each and costs half. An answer that does not come
in time, or from nobody, is a transient error, as from `nats-py`.
"""

import asyncio
import json
from typing import Any

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import Header

from seedbed.kernel.telemetry.context import trace_headers

PATIENCE = 5.0
_NOT_FOUND, _NOBODY = "404", "503"
_REMOVED = "KV-Operation"


class Requests:
    """Asks streams by their subjects; a number says which answer is whose."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._inbox = client.new_inbox()
        self._asked: dict[str, asyncio.Future[Msg]] = {}
        self._count = 0

    async def start(self) -> None:
        """Subscribe to the inbox on which the answers arrive."""
        await self._client.subscribe(f"{self._inbox}.*", cb=self._hear)

    async def publish(self, subject: str, data: bytes, last: int | None = None) -> int:
        """Write to a stream; returns the message's sequence number. Raises APIError where it is refused.

        Given `last`, only where that is the number of the subject's last message; 0 where there is none.
        Any other takes with it the trace that it is written in; who reads a value goes on with no trace.
        """
        if last is None:
            headers = trace_headers()
        else:
            headers = {Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value: str(last)}
        answer = await self._ask(subject, data, headers or None)
        read: dict[str, Any] = json.loads(answer.data)
        if "error" in read:
            raise nats.js.errors.APIError.from_error(read["error"])
        return int(read["seq"])

    async def get(self, stream: str, subject: str) -> tuple[bytes, int] | None:
        """The last message of a subject and its sequence number; None where there is none."""
        answer = await self._ask(f"$JS.API.DIRECT.GET.{stream}.{subject}", b"", None)
        headers = answer.headers or {}
        if headers.get(Header.STATUS.value) == _NOT_FOUND or _REMOVED in headers:
            return None
        return answer.data, int(headers["Nats-Sequence"])

    async def keep(self, ack: str, *, answered: bool) -> None:
        """Ask a consumer for patience with an item, by where that is acknowledged."""
        if answered:
            await self._ask(ack, Msg.Ack.Progress, None)
        else:
            await self._client.publish(ack, Msg.Ack.Progress)

    async def _ask(self, subject: str, data: bytes, headers: dict[str, str] | None) -> Msg:
        self._count += 1
        number = str(self._count)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Msg] = loop.create_future()
        self._asked[number] = future
        timer = loop.call_later(PATIENCE, _give_up, future)
        try:
            await self._client.publish(subject, data, f"{self._inbox}.{number}", headers)
            answer = await future
        finally:
            timer.cancel()
            del self._asked[number]
        if answer.headers and answer.headers.get(Header.STATUS.value) == _NOBODY:
            raise nats.errors.NoRespondersError
        return answer

    async def _hear(self, answer: Msg) -> None:
        future = self._asked.get(answer.subject[len(self._inbox) + 1 :])
        if future is not None and not future.done():
            future.set_result(answer)


def _give_up(future: asyncio.Future[Msg]) -> None:
    if not future.done():
        future.set_exception(nats.errors.TimeoutError())
