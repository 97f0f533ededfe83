"""The gRPC server of a service: health, reflection, interceptors, graceful stop."""

import asyncio
from collections.abc import Sequence

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from seedbed.kernel.errors import InputError
from seedbed.kernel.rpc.bearer_tokens import TokenInterceptor
from seedbed.kernel.rpc.channel import MESSAGE_LIMIT
from seedbed.kernel.rpc.interceptors import ErrorInterceptor
from seedbed.kernel.telemetry.rpc import TelemetryInterceptor

_MOST_CALLS = 10_000
"""Calls beyond which gRPC refuses by itself, without a word: far more than the interceptor lets through."""


class Server:
    """One gRPC server with health and reflection. With tokens, it takes calls that show one of them only."""

    def __init__(
        self,
        names: Sequence[str],
        *,
        reflect: bool,
        tokens: Sequence[str] = (),
        admin_tokens: Sequence[str] = (),
        credentials: grpc.ServerCredentials | None = None,
    ) -> None:
        self._credentials = credentials
        locks = [TokenInterceptor(tokens, admin_tokens)] if tokens or admin_tokens else []
        self.grpc = grpc.aio.server(
            interceptors=[TelemetryInterceptor(), *locks, ErrorInterceptor()],
            options=[
                ("grpc.so_reuseport", 0),
                # Beyond it gRPC drops calls that nobody has looked at yet, and their callers read CANCELLED.
                ("grpc.server.max_pending_requests", _MOST_CALLS),
                ("grpc.server.max_pending_requests_hard_limit", 2 * _MOST_CALLS),
                ("grpc.keepalive_time_ms", 30_000),
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
                ("grpc.max_receive_message_length", MESSAGE_LIMIT),
                ("grpc.max_send_message_length", MESSAGE_LIMIT),
            ],
            maximum_concurrent_rpcs=_MOST_CALLS,
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
        await self.withdraw()
        await self.grpc.start()
        return port

    async def announce(self) -> None:
        """Say by health that the service is ready."""
        await self._set(health_pb2.HealthCheckResponse.SERVING)

    async def withdraw(self) -> None:
        """Say by health that it is not, for now."""
        await self._set(health_pb2.HealthCheckResponse.NOT_SERVING)

    async def stop(self, grace: float) -> None:
        """Say by health that the service goes, finish calls within `grace` seconds, and stop."""
        await self.withdraw()
        await asyncio.sleep(0)
        await self.grpc.stop(grace)

    async def _set(self, status: int) -> None:
        for name in self._names:
            await self._health.set(name, status)
