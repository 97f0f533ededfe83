"""gRPC calls, as they are answered and as they are made: how long, how they ended, in which trace.

Health and reflection are left out: they are asked all the time, and say nothing.
"""

import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import lru_cache
from typing import Any

import grpc
import grpc.aio

from seedbed.kernel.telemetry import attributes, metrics
from seedbed.kernel.telemetry.context import HEADER, Context, by_chance, current, read
from seedbed.kernel.telemetry.meters import Histogram
from seedbed.kernel.telemetry.spans import Kind, Span, SpanTemplate, open_span, tracing

_answered = Histogram(metrics.RPC_SERVER)
_made = Histogram(metrics.RPC_CLIENT)

# Statuses that are the server's fault; others are the caller's business.
_FAULTS = ("UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS")


class TelemetryInterceptor(grpc.aio.ServerInterceptor):
    """Around all other interceptors of a server."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Wrap the handler of one call."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method.startswith("/grpc.") or not _answered.on:
            return handler
        header = dict(handler_call_details.invocation_metadata or ()).get(HEADER)
        caller = read(str(header)) if header else None
        requests = "stream" if handler.request_streaming else "unary"
        responses = "stream" if handler.response_streaming else "unary"
        name = f"{requests}_{responses}"
        wrap = _wrap_stream if handler.response_streaming else _wrap_unary
        make = getattr(grpc, f"{name}_rpc_method_handler")
        inner = getattr(handler, name)
        return make(
            wrap(inner, method.lstrip("/"), caller), handler.request_deserializer, handler.response_serializer
        )


def _wrap_unary(
    inner: Callable[..., Awaitable[Any]], method: str, caller: Context | None
) -> Callable[..., Awaitable[Any]]:
    async def call(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        began = time.perf_counter()
        with _span(method, "server", caller) as span:
            try:
                return await inner(request, context)
            finally:
                _end(_answered, span, method, _status(context), began)

    return call


def _wrap_stream(
    inner: Callable[..., Any], method: str, caller: Context | None
) -> Callable[..., AsyncIterator[Any]]:
    async def call(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Any]:
        began = time.perf_counter()
        with _span(method, "server", caller) as span:
            try:
                answers = inner(request, context)
                if inspect.isawaitable(answers):
                    # Refused before anything was read.
                    await answers
                    return
                async for response in answers:
                    yield response
            finally:
                _end(_answered, span, method, _status(context), began)

    return call


def _span(method: str, kind: Kind, caller: Context | None) -> Span:
    template = _span_template(method, kind)
    if caller is not None:
        return open_span(template, under=caller)
    return open_span(template, at=by_chance(tracing.ratio))


@lru_cache
def _span_template(method: str, kind: Kind) -> SpanTemplate:
    return SpanTemplate(method, kind, {attributes.RPC_SYSTEM: "grpc", attributes.RPC_METHOD: method})


def _status(context: grpc.aio.ServicerContext[Any, Any]) -> str:
    if context.cancelled():
        return "CANCELLED"
    # None while nothing has been set; the number of a status where grpc keeps it so.
    code: Any = context.code()
    if not code:
        return "OK"
    return str(code.name) if isinstance(code, grpc.StatusCode) else _NAMES.get(int(code), str(code))


_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}


def _end(histogram: Histogram, span: Span, method: str, status: str, began: float) -> None:
    fault = status if status in _FAULTS or (histogram is _made and status != "OK") else ""
    histogram.record(time.perf_counter() - began, method, status, fault)
    span.set(attributes.RPC_STATUS, status)
    span.conclude(fault)


def measures_calls() -> bool:
    """Whether calls to other services are measured here."""
    return _made.on


def open_call_span(method: str) -> Span:
    """Of a call to another service; `method` is `package.Service/Method`."""
    return _span(method, "client", current.get())


async def measure_call(call: grpc.aio.Call, span: Span, method: str, began: float) -> None:
    """Wait for the end of a call that was made, and record it."""
    with span:
        code = await call.code()
        _end(_made, span, method, code.name, began)
