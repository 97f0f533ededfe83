"""The gRPC server of a service: health, reflection, errors as Status with ErrorInfo, graceful stop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status

from seedbed.kernel.bearer import TokenInterceptor
from seedbed.kernel.channel import MESSAGE_LIMIT
from seedbed.kernel.errors import InputError, SeedbedError
from seedbed.kernel.logs import bind, get_logger
from seedbed.kernel.status import status_of
from seedbed.kernel.telemetry.rpc import TelemetryInterceptor

log = get_logger(__name__)


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
    """One gRPC server with health and reflection. With tokens, it takes calls that show one of them only."""

    def __init__(
        self,
        names: Sequence[str],
        *,
        reflect: bool,
        tokens: Sequence[str] = (),
        credentials: grpc.ServerCredentials | None = None,
    ) -> None:
        self._credentials = credentials
        locks = [TokenInterceptor(tokens)] if tokens else []
        self.grpc = grpc.aio.server(
            interceptors=[TelemetryInterceptor(), *locks, ErrorInterceptor()],
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
            if self._credentials:
                port = self.grpc.add_secure_port(listen, self._credentials)
            else:
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
