"""Bearer tokens: who is let in by which. Compared in constant time, and never logged."""

import hmac
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any

import grpc
import grpc.aio
from google.protobuf import descriptor_pool
from grpc_status import rpc_status

from seedbed.bounds.v1.bounds_pb2 import destructive
from seedbed.kernel.errors import InputError, PermissionDenied, SeedbedError, Unauthenticated, Violation
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.rpc.status import status_of
from seedbed.kernel.settings import PREFIX, Settings

HEADER = "authorization"
# Asked by supervisors, who hold no token; it says no more than whether a service is up.
_OPEN = "/grpc.health.v1.Health/"


def tokens_of(settings: Settings) -> list[str]:
    """The tokens that are taken; the first is the one to show. Raises InputError."""
    return _read("API_TOKEN", settings.api_token.get_secret_value())


def admin_tokens_of(settings: Settings) -> list[str]:
    """Those that are taken for destructive calls, and for all others. Raises InputError."""
    return _read("ADMIN_TOKEN", settings.admin_token.get_secret_value())


def _read(name: str, value: str) -> list[str]:
    tokens = value.split()
    if all(token.isascii() and token.isprintable() for token in tokens):
        return tokens
    wrong = Violation(f"{PREFIX}{name}", "has characters that no header can carry")
    raise InputError("settings that cannot be", [wrong])


class TokenInterceptor(grpc.aio.ServerInterceptor):
    """Refuses calls that show none of the tokens, and destructive ones without an administrator's.

    Where there are administrators' tokens alone, all other calls are open.
    """

    def __init__(self, tokens: Sequence[str], admin_tokens: Sequence[str] = ()) -> None:
        self._admins = _digests(admin_tokens)
        self._callers = [*_digests(tokens), *self._admins] if tokens else []

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Let a call through, or answer it."""
        method, shown = handler_call_details.method, _shown(handler_call_details)
        if method.startswith(_OPEN):
            return await continuation(handler_call_details)
        # Of the one kind that answers before it has read anything.
        if self._callers and not _is_known(shown, self._callers):
            return grpc.stream_stream_rpc_method_handler(_refuse_stranger)
        if is_destructive(method) and not _is_known(shown, self._admins):
            return grpc.stream_stream_rpc_method_handler(_refuse_caller)
        return await continuation(handler_call_details)


@cache
def is_destructive(method: str) -> bool:
    """Whether a contract says so of a method, named as gRPC does: `/package.Service/Method`."""
    try:
        found = descriptor_pool.Default().FindMethodByName(method.lstrip("/").replace("/", "."))
    except KeyError:
        return False
    return bool(found.GetOptions().Extensions[destructive])


def _digests(tokens: Sequence[str]) -> list[str]:
    return [sha256_hex(f"Bearer {token}") for token in tokens]


def _shown(call: grpc.HandlerCallDetails) -> str:
    shown = [str(value) for key, value in call.invocation_metadata or () if key == HEADER]
    return sha256_hex(shown[0]) if len(shown) == 1 else ""


def _is_known(shown: str, digests: Sequence[str]) -> bool:
    # All of them, whichever it is: digests are of one length, and the time it takes gives nothing away.
    return sum(hmac.compare_digest(shown, known) for known in digests) > 0


async def _refuse_stranger(_: Any, context: grpc.aio.ServicerContext[Any, Any]) -> None:
    error = Unauthenticated(
        "this service takes calls with its token only",
        hint="set SEEDBED_API_TOKEN, or SEEDBED_API_TOKEN_FILE, to what the service was given; "
        "that of a stack of one machine is in its state folder, which --state names",
    )
    await _abort(context, error)


async def _refuse_caller(_: Any, context: grpc.aio.ServicerContext[Any, Any]) -> None:
    error = PermissionDenied(
        "this call removes what cannot be brought back, and takes an administrator's token",
        hint="set SEEDBED_ADMIN_TOKEN, or SEEDBED_ADMIN_TOKEN_FILE, to what the service was given; "
        "one that was given none takes no such calls",
    )
    await _abort(context, error)


async def _abort(context: grpc.aio.ServicerContext[Any, Any], error: SeedbedError) -> None:
    status = rpc_status.to_status(status_of(error))
    await context.abort(status.code, status.details, status.trailing_metadata)
