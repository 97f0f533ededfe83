"""Request ids (AIP-155): a request that comes again with its id is answered as before, and not done twice.

What an id was given with, and what was answered, stands on the bus for a day: it holds for all replicas of a
service and beyond their restarts. What is done has to bear being done twice: by two that come at the same
time, and where the first died before it had written down its answer.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from google.protobuf.message import Message

from seedbed.bus.v1.bus_pb2 import AnsweredRequest
from seedbed.kernel.bus.streams import ITEM_BYTES, REQUESTS, Bus
from seedbed.kernel.errors import InputError, Violation
from seedbed.kernel.formats.protos import parse
from seedbed.kernel.identity import message_bytes, sha256_hex

_FIELD = "request_id"

A = TypeVar("A", bound=Message)


class RequestIds:
    """The ids that one service was given, by whichever of its replicas."""

    def __init__(self, bus: Bus, service: str) -> None:
        self._bus = bus
        self._service = service

    async def answer_once(
        self,
        request: Message,
        kind: type[A],
        do: Callable[[], Awaitable[A]],
        holds: Callable[[A], Awaitable[bool]] | None = None,
    ) -> A:
        """What `do` returns, or returned when the request came before, where that still `holds`.

        Raises InputError where the id was given with another request, whatever came of that one.
        """
        given: str = getattr(request, _FIELD)
        if not given:
            return await do()
        key, digest = f"{self._service}.{given}", _digest(request)
        before, revision = await self._claim(key, digest)
        if before.HasField("answer"):
            known = parse(kind, before.answer, f"the answer to {key}")
            if holds is None or await holds(known):
                return known
        answer = await do()
        data = answer.SerializeToString()
        if len(data) > ITEM_BYTES:
            return answer
        written = AnsweredRequest(digest=digest, answer=data).SerializeToString()
        if await self._bus.write(REQUESTS, key, written, revision) is None:
            # Answered elsewhere meanwhile: callers shall not see two answers.
            first, _ = await self._claim(key, digest)
            return parse(kind, first.answer, f"the answer to {key}") if first.HasField("answer") else answer
        return answer

    async def _claim(self, key: str, digest: str) -> tuple[AnsweredRequest, int]:
        """What stands under the id, which is this request's from now on, and its revision."""
        await self._bus.bucket(REQUESTS)
        claim = AnsweredRequest(digest=digest)
        while (found := await self._bus.read(REQUESTS, key)) is None:
            revision = await self._bus.write(REQUESTS, key, claim.SerializeToString(), 0)
            if revision is not None:
                return claim, revision
        known = parse(AnsweredRequest, found[0], f"the request id {key}")
        if known.digest != digest:
            wrong = Violation(_FIELD, "was given with another request before: each takes an id of its own")
            raise InputError("one request id stands for two requests", [wrong])
        return known, found[1]


def _digest(request: Message) -> str:
    """Of all of a request but its id."""
    plain = type(request)()
    plain.CopyFrom(request)
    plain.ClearField(_FIELD)
    return sha256_hex(plain.DESCRIPTOR.full_name.encode() + b"\0" + message_bytes(plain))
