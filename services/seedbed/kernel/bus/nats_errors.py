"""What the broker's answers mean: a loss, a refusal that is none, or that it is to be asked again."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

import nats.errors
import nats.js.errors
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential_jitter

from seedbed.kernel.errors import BusError

TRANSIENT = (
    nats.errors.TimeoutError,
    nats.errors.ConnectionClosedError,
    nats.errors.NoRespondersError,
    nats.errors.OutboundBufferLimitError,
    nats.js.errors.NoStreamResponseError,
    nats.js.errors.ServiceUnavailableError,
    nats.js.errors.ServerError,
    asyncio.TimeoutError,
)
"""It is away, or was while it was asked."""
# "maximum messages per subject exceeded": nats-py dresses it as 503, where it means "already queued".
_ALREADY_QUEUED = 10077
_WRONG_LAST_SEQUENCE = 10071

T = TypeVar("T")


def is_queued_already(error: nats.js.errors.APIError) -> bool:
    """Whether a queue refused what stands in it."""
    return error.err_code == _ALREADY_QUEUED


def is_wrong_revision(error: Exception) -> bool:
    """Whether a compare-and-set lost: somebody else has written since the revision was read."""
    if isinstance(error, nats.js.errors.KeyWrongLastSequenceError):
        return True
    return isinstance(error, nats.js.errors.APIError) and error.err_code == _WRONG_LAST_SEQUENCE


async def persist(call: Callable[[], Awaitable[T]]) -> T:
    """Do a call again until the broker answers. For calls that may safely be done twice."""
    # Nearly every call is answered at once, and a retry object costs more than the call.
    with contextlib.suppress(*TRANSIENT):
        return await call()
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(TRANSIENT),
        wait=wait_exponential_jitter(multiplier=0.05, max=2, jitter=0.1),
        reraise=True,
    ):
        with attempt:
            return await call()
    raise BusError("unreachable")
