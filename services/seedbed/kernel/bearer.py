"""Bearer tokens: asked for by servers, shown by callers. Compared in constant time, and never logged."""

import hmac
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc
import grpc.aio
from grpc_status import rpc_status

from seedbed.kernel.digest import sha256_hex
from seedbed.kernel.errors import InputError, Unauthenticated, Violation
from seedbed.kernel.settings import PREFIX, Settings
from seedbed.kernel.status import status_of

HEADER = "authorization"
# Asked by supervisors, who hold no token; it says no more than whether a service is up.
_OPEN = "/grpc.health.v1.Health/"


def tokens_of(settings: Settings) -> list[str]:
    """The tokens that are taken; the first is the one to show. Raises InputError."""
    tokens = settings.api_token.get_secret_value().split()
    if all(token.isascii() and token.isprintable() for token in tokens):
        return tokens
    wrong = Violation(f"{PREFIX}API_TOKEN", "has characters that no header can carry")
    raise InputError("settings that cannot be", [wrong])


class TokenInterceptor(grpc.aio.ServerInterceptor):
    """Refuses calls that show none of the tokens."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._digests = [sha256_hex(f"Bearer {token}") for token in tokens]

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Let a call through, or answer it."""
        if handler_call_details.method.startswith(_OPEN) or self._knows(handler_call_details):
            return await continuation(handler_call_details)
        # Of the one kind that answers before it has read anything.
        return grpc.stream_stream_rpc_method_handler(_refuse)

    def _knows(self, call: grpc.HandlerCallDetails) -> bool:
        shown = [str(value) for key, value in call.invocation_metadata or () if key == HEADER]
        digest = sha256_hex(shown[0]) if len(shown) == 1 else ""
        # All of them, whichever it is: digests are of one length, and time tells nothing.
        return sum(hmac.compare_digest(digest, known) for known in self._digests) > 0


async def _refuse(_: Any, context: grpc.aio.ServicerContext[Any, Any]) -> None:
    error = Unauthenticated(
        "this service takes calls with its token only",
        hint="set SEEDBED_API_TOKEN, or SEEDBED_API_TOKEN_FILE, to what the service was given; "
        "that of a stack of one machine is in its state folder, which --state names",
    )
    status = rpc_status.to_status(status_of(error))
    await context.abort(status.code, status.details, status.trailing_metadata)


def token_interceptors(token: str) -> list[grpc.aio.ClientInterceptor]:
    """Show a token with every call: one interceptor for each kind, as gRPC sorts them by their class."""
    return [kind(token) for kind in (_UnaryUnary, _UnaryStream, _StreamUnary, _StreamStream)]


class _Show:
    def __init__(self, token: str) -> None:
        self._shown = (HEADER, f"Bearer {token}")

    def _add(self, details: grpc.aio.ClientCallDetails) -> grpc.aio.ClientCallDetails:
        metadata = grpc.aio.Metadata(*(details.metadata or ()), self._shown)
        return grpc.aio.ClientCallDetails(
            details.method, details.timeout, metadata, details.credentials, details.wait_for_ready
        )


class _UnaryUnary(_Show, grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return await continuation(self._add(details), request)


class _UnaryStream(_Show, grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return await continuation(self._add(details), request)


class _StreamUnary(_Show, grpc.aio.StreamUnaryClientInterceptor):
    async def intercept_stream_unary(self, continuation: Any, details: Any, requests: Any) -> Any:
        return await continuation(self._add(details), requests)


class _StreamStream(_Show, grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(self, continuation: Any, details: Any, requests: Any) -> Any:
        return await continuation(self._add(details), requests)
