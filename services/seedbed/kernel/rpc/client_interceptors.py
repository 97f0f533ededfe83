"""Around every call to another service: its token is shown, its trace goes along, how it ends is measured."""

import asyncio
import time
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from typing import TypeVar

import grpc.aio

from seedbed.kernel.rpc.bearer_tokens import HEADER
from seedbed.kernel.telemetry import context
from seedbed.kernel.telemetry.rpc import measure_call, measures_calls, open_call_span

Details = grpc.aio.ClientCallDetails
Sent = TypeVar("Sent")
Call = TypeVar("Call", bound=grpc.aio.Call)
Request = TypeVar("Request")
Response = TypeVar("Response")


def client_interceptors(token: str) -> list[grpc.aio.ClientInterceptor]:
    """For a channel: one for each kind of call, as gRPC sorts them by class. A `token` of "" is not shown."""
    if not token and not measures_calls():
        return []
    return [kind(token) for kind in (_UnaryUnary, _UnaryStream, _StreamUnary, _StreamStream)]


class _Around:
    """Makes a call, and takes note of its end in a task of its own."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._measures = measures_calls()
        self._ends: set[asyncio.Task[None]] = set()

    async def _make(
        self, make: Callable[[Details, Sent], Awaitable[Call]], details: Details, sent: Sent
    ) -> Call:
        if self._token:
            details = _add(details, HEADER, f"Bearer {self._token}")
        method = _text(details.method).lstrip("/")
        if not self._measures or method.startswith("grpc."):
            return await make(details, sent)
        began, span = time.perf_counter(), open_call_span(method)
        if span.context is not None:
            details = _add(details, context.HEADER, str(span.context))
        call = await make(details, sent)
        end = asyncio.create_task(measure_call(call, span, method, began))
        self._ends.add(end)
        end.add_done_callback(self._ends.discard)
        return call


def _add(details: Details, name: str, value: str) -> Details:
    metadata = grpc.aio.Metadata(*(details.metadata or ()), (name, value))
    return Details(details.method, details.timeout, metadata, details.credentials, details.wait_for_ready)


def _text(method: str | bytes) -> str:
    return method.decode() if isinstance(method, bytes) else method


class _UnaryUnary(_Around, grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(
        self,
        continuation: Callable[[Details, Request], Awaitable[grpc.aio.UnaryUnaryCall[Request, Response]]],
        client_call_details: Details,
        request: Request,
    ) -> grpc.aio.UnaryUnaryCall[Request, Response]:
        return await self._make(continuation, client_call_details, request)


class _UnaryStream(_Around, grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(
        self,
        continuation: Callable[[Details, Request], Awaitable[grpc.aio.UnaryStreamCall[Request, Response]]],
        client_call_details: Details,
        request: Request,
    ) -> grpc.aio.UnaryStreamCall[Request, Response]:
        return await self._make(continuation, client_call_details, request)


Requests = AsyncIterable[Request] | Iterable[Request]


class _StreamUnary(_Around, grpc.aio.StreamUnaryClientInterceptor):
    async def intercept_stream_unary(
        self,
        continuation: Callable[
            [Details, Requests[Request]], Awaitable[grpc.aio.StreamUnaryCall[Request, Response]]
        ],
        client_call_details: Details,
        request_iterator: Requests[Request],
    ) -> grpc.aio.StreamUnaryCall[Request, Response]:
        return await self._make(continuation, client_call_details, request_iterator)


class _StreamStream(_Around, grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(
        self,
        continuation: Callable[
            [Details, Requests[Request]], Awaitable[grpc.aio.StreamStreamCall[Request, Response]]
        ],
        client_call_details: Details,
        request_iterator: Requests[Request],
    ) -> grpc.aio.StreamStreamCall[Request, Response]:
        return await self._make(continuation, client_call_details, request_iterator)
