"""What stands between gRPC and the servicers, in one place for all calls.

Requests are read and held against their bounds, calls end before their deadlines and are no more at once than
can be served, and what servicers raise becomes a status with ErrorInfo.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
import nats.errors
from google.protobuf.message import DecodeError, Message
from grpc_status import rpc_status

from seedbed.kernel.errors import (
    BusError,
    InputError,
    Overloaded,
    SeedbedError,
    ServiceAway,
    TooLate,
    Unimplemented,
)
from seedbed.kernel.logs import bind, get_logger
from seedbed.kernel.rpc.field_bounds import check_bounds
from seedbed.kernel.rpc.status import status_of

log = get_logger(__name__)

AT_ONCE = 1000
"""Calls that a process answers at a time."""
_MARGIN = 0.2
"""Seconds before its deadline at which a call ends, at most: time for the words that say so to arrive."""
_DRAIN = 1.0

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """Stands for a request whose bytes are none."""

    why: str


class ErrorInterceptor(grpc.aio.ServerInterceptor):
    """Around every servicer; what nobody foresaw is logged, and answered as INTERNAL."""

    def __init__(self) -> None:
        self._count = 0

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Wrap the handler of one call."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if method.startswith("/grpc."):
            return handler
        if handler is None:
            return grpc.stream_stream_rpc_method_handler(_refuse_unknown)
        name = _KINDS[handler.request_streaming, handler.response_streaming]
        wrap = self._wrap_stream if handler.response_streaming else self._wrap_unary
        check = _check_each if handler.request_streaming else _check
        make = getattr(grpc, f"{name}_rpc_method_handler")
        read = handler.request_deserializer and _reading(handler.request_deserializer)
        return make(wrap(getattr(handler, name), check, method), read, handler.response_serializer)

    def _wrap_unary(
        self, inner: Callable[..., Awaitable[Any]], check: Callable[[Any], Any], method: str
    ) -> Callable[..., Awaitable[Any]]:
        async def call(request: Any, context: Context) -> Any:
            with bind(rpc=method):
                try:
                    with self._taking_part():
                        async with _within(_deadline(context)):
                            return await inner(check(request), context)
                except Exception as error:  # noqa: BLE001  the caller shall have a status for it
                    await _drain(request)
                    await _abort(context, error)

        return call

    def _wrap_stream(
        self, inner: Callable[..., AsyncGenerator[Any, None]], check: Callable[[Any], Any], method: str
    ) -> Callable[..., AsyncIterator[Any]]:
        async def call(request: Any, context: Context) -> AsyncIterator[Any]:
            with bind(rpc=method):
                try:
                    with self._taking_part():
                        deadline = _deadline(context)
                        async with contextlib.aclosing(inner(check(request), context)) as responses:
                            while True:
                                # Around each, as a generator must not be left inside of a timeout.
                                async with _within(deadline):
                                    response = await anext(responses, None)
                                if response is None:
                                    return
                                yield response
                except Exception as error:  # noqa: BLE001  the caller shall have a status for it
                    await _drain(request)
                    await _abort(context, error)

        return call

    @contextlib.contextmanager
    def _taking_part(self) -> Iterator[None]:
        if self._count >= AT_ONCE:
            raise Overloaded(f"{AT_ONCE:,} calls are answered at a time", hint="come back in a second")
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1


_KINDS = {
    (False, False): "unary_unary",
    (True, False): "stream_unary",
    (False, True): "unary_stream",
    (True, True): "stream_stream",
}


def _reading(read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def call(data: bytes) -> Any:
        try:
            return read(data)
        except DecodeError as error:
            # Raised here, gRPC would call it INTERNAL.
            return _Unreadable(str(error))

    return call


def _check(request: Any) -> Any:
    if isinstance(_check_readable(request), Message):
        check_bounds(request)
    return request


def _check_readable(request: Any) -> Any:
    if isinstance(request, _Unreadable):
        raise InputError("the request cannot be read: its bytes are no such message", hint=request.why)
    return request


async def _check_each(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """Of a stream: held against its bounds each is by the servicer, who can refuse one and go on."""
    async for request in requests:
        yield _check_readable(request)


async def _drain(request: Any) -> None:
    """Read what is still being sent: a client that sends while its call ends says INTERNAL of its own."""
    if isinstance(request, AsyncIterator):
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_DRAIN):
                async for _ in request:
                    pass


def _deadline(context: Context) -> float | None:
    """When a call has to be over, by the loop's clock."""
    left: float | None = context.time_remaining()
    if left is None:
        return None
    return asyncio.get_running_loop().time() + left - min(_MARGIN, 0.1 * left)


@contextlib.asynccontextmanager
async def _within(deadline: float | None) -> AsyncIterator[None]:
    limit = asyncio.timeout_at(deadline)
    try:
        async with limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise TooLate("the call did not end before its deadline") from error


_DETAILS = "grpc-status-details-bin"
# What gRPC says by itself, where no service has answered.
_OF_GRPC: dict[grpc.StatusCode, type[SeedbedError]] = {
    grpc.StatusCode.UNAVAILABLE: ServiceAway,
    grpc.StatusCode.DEADLINE_EXCEEDED: TooLate,
}


async def _refuse_unknown(_: Any, context: Context) -> None:
    await _abort(context, Unimplemented("this service has no such method", hint="docs/reference.md has them"))


async def _abort(context: Context, error: Exception) -> None:
    while isinstance(error, ExceptionGroup):
        # Of tasks that ended together; what the first of them died of is what happened.
        error = error.exceptions[0]
    if isinstance(error, grpc.aio.AbortError):
        raise error
    if isinstance(error, grpc.aio.AioRpcError):
        metadata = tuple(error.trailing_metadata() or ())
        if any(key == _DETAILS for key, _ in metadata):
            # Another service said no: its words are the caller's to read.
            await context.abort(error.code(), error.details() or "", metadata)
        error = _OF_GRPC.get(error.code(), SeedbedError)(f"another service: {error.details()}")
    if isinstance(error, nats.errors.Error):
        log.warning("the broker said no", exc_info=error)
        error = BusError(f"the broker does not answer as it should: {error}", hint="try again later")
    if not isinstance(error, SeedbedError):
        log.error("call failed", exc_info=error)
        error = SeedbedError("internal error; the service's log has the details")
    status = rpc_status.to_status(status_of(error))
    await context.abort(status.code, status.details, status.trailing_metadata)
