"""The gRPC server of a service: health, reflection, errors as Status with ErrorInfo, graceful stop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status

from seedbed.kernel.channel import MESSAGE_LIMIT
from seedbed.kernel.errors import EndpointError, InputError, SeedbedError, Violation
from seedbed.kernel.logs import bind, get_logger

DOMAIN = "seedbed"
# A status travels in trailers, of which gRPC takes 8 KiB in all: the message percent-encoded, then once more
# with the details, in base 64. A client refuses the whole where it is more.
MESSAGE_BYTES = 700
HINT_BYTES = 500
VIOLATIONS_BYTES = 3000

log = get_logger(__name__)


def status_of(error: SeedbedError) -> status_pb2.Status:
    """A gRPC status with ErrorInfo, and BadRequest or RetryInfo where they apply."""
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN)
    if error.hint:
        info.metadata["hint"] = _cut(error.hint, HINT_BYTES)
    details: list[Any] = [info]
    if isinstance(error, InputError) and error.violations:
        details.append(_bad_request(error.violations))
    if isinstance(error, EndpointError) and error.retry_after is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(int(error.retry_after * 1000))
        details.append(retry)
    packed = []
    for detail in details:
        message = AnyMessage()
        message.Pack(detail)
        packed.append(message)
    words = _cut(error.message, MESSAGE_BYTES)
    return status_pb2.Status(code=code_pb2.Code.Value(error.code), message=words, details=packed)


def _bad_request(violations: Sequence[Violation]) -> error_details_pb2.BadRequest:
    """As many of them as there is room for, and how many more there are."""
    request = error_details_pb2.BadRequest()
    for number, violation in enumerate(violations):
        description = _cut(violation.description, MESSAGE_BYTES)
        request.field_violations.add(field=_cut(violation.field, MESSAGE_BYTES), description=description)
        if request.ByteSize() > VIOLATIONS_BYTES:
            del request.field_violations[number:]
            request.field_violations.add(description=f"and {len(violations) - number} more")
            break
    return request


def _cut(text: str, size: int) -> str:
    data = text.encode("utf-8", "replace")
    return text if len(data) <= size else data[: size - 3].decode("utf-8", "ignore") + "…"


class ErrorInterceptor(grpc.aio.ServerInterceptor):
    """Turns what servicers raise into statuses; what nobody foresaw is logged and told as INTERNAL."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Wrap the handler of one call."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method.startswith("/grpc."):
            return handler
        kind = (handler.request_streaming, handler.response_streaming)
        name, wrap = _KINDS[kind]
        make = getattr(grpc, f"{name}_rpc_method_handler")
        inner = getattr(handler, name)
        return make(wrap(inner, method), handler.request_deserializer, handler.response_serializer)


def _wrap_unary(inner: Callable[..., Awaitable[Any]], method: str) -> Callable[..., Awaitable[Any]]:
    async def call(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        with bind(rpc=method):
            try:
                return await inner(request, context)
            except Exception as error:  # noqa: BLE001  the caller shall have a status for it
                await _abort(context, error)

    return call


def _wrap_stream(inner: Callable[..., AsyncIterator[Any]], method: str) -> Callable[..., AsyncIterator[Any]]:
    async def call(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Any]:
        with bind(rpc=method):
            try:
                async for response in inner(request, context):
                    yield response
            except Exception as error:  # noqa: BLE001  the caller shall have a status for it
                await _abort(context, error)

    return call


_KINDS: dict[tuple[bool, bool], tuple[str, Callable[..., Any]]] = {
    (False, False): ("unary_unary", _wrap_unary),
    (True, False): ("stream_unary", _wrap_unary),
    (False, True): ("unary_stream", _wrap_stream),
    (True, True): ("stream_stream", _wrap_stream),
}


async def _abort(context: grpc.aio.ServicerContext[Any, Any], error: Exception) -> None:
    if isinstance(error, grpc.aio.AbortError):
        raise error
    if isinstance(error, grpc.aio.AioRpcError):
        # Another service said no: its words are the caller's to read.
        metadata = tuple(error.trailing_metadata() or ())
        await context.abort(error.code(), error.details() or "", metadata)
    if not isinstance(error, SeedbedError):
        log.error("call failed", exc_info=error)
        error = SeedbedError("internal error; the service's log has the details")
    status = rpc_status.to_status(status_of(error))
    await context.abort(status.code, status.details, status.trailing_metadata)


class Server:
    """One gRPC server with health and reflection."""

    def __init__(self, names: Sequence[str], *, reflect: bool) -> None:
        self.grpc = grpc.aio.server(
            interceptors=[ErrorInterceptor()],
            options=[
                ("grpc.so_reuseport", 0),
                ("grpc.keepalive_time_ms", 30_000),
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
                ("grpc.max_receive_message_length", MESSAGE_LIMIT),
                ("grpc.max_send_message_length", MESSAGE_LIMIT),
            ],
            maximum_concurrent_rpcs=1000,
        )
        self._names = ["", *names]
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.grpc)
        if reflect:
            reflection.enable_server_reflection(
                [*names, health.SERVICE_NAME, reflection.SERVICE_NAME], self.grpc
            )

    async def start(self, listen: str) -> int:
        """Listen; health says NOT_SERVING until `announce`. Returns the port."""
        try:
            port = self.grpc.add_insecure_port(listen)
        except RuntimeError as error:
            raise InputError(
                f"cannot listen on {listen}", hint="is it taken? SEEDBED_LISTEN names another address"
            ) from error
        await self._set(health_pb2.HealthCheckResponse.NOT_SERVING)
        await self.grpc.start()
        return port

    async def announce(self) -> None:
        """Say by health that the service is ready."""
        await self._set(health_pb2.HealthCheckResponse.SERVING)

    async def stop(self, grace: float) -> None:
        """Say by health that the service goes, finish calls within `grace` seconds, and stop."""
        await self._set(health_pb2.HealthCheckResponse.NOT_SERVING)
        await asyncio.sleep(0)
        await self.grpc.stop(grace)

    async def _set(self, status: int) -> None:
        for name in self._names:
            await self._health.set(name, status)
