"""A gRPC service without stubs: its handlers take and give bytes, in all four kinds of calls."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio

from seedbed.kernel.errors import EndpointBusy, InputError, NotFound, SeedbedError, Violation

NAME = "seedbed.test.v1.GreeterService"
ERRORS: dict[bytes, Exception] = {
    b"input": InputError("wrong", [Violation("a.yaml:3:1", "no such key")], hint="look there"),
    b"missing": NotFound("no leaf 씨앗"),
    b"busy": EndpointBusy("later", retry_after=1.5),
    b"defect": ValueError("sk-secret in a defect"),
    b"long": InputError(
        "틀렸다 " * 900, [Violation(f"f{n}.yaml", "틀렸다 " * 20) for n in range(400)], hint="틀렸다 " * 900
    ),
}
cancelled = asyncio.Event()


async def _greet(request: bytes, context: Any) -> bytes:
    if request == b"forever":
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise
    if request == b"slow":
        await asyncio.sleep(0.3)
    if request == b"abort":
        await context.abort(grpc.StatusCode.ABORTED, "by hand")
    if request in ERRORS:
        raise ERRORS[request]
    return b"hello " + request


async def _greet_all(requests: AsyncIterator[bytes], context: Any) -> bytes:
    return b" ".join([await _greet(request, context) async for request in requests])


async def _repeat(request: bytes, context: Any) -> AsyncIterator[bytes]:
    yield b"first"
    yield await _greet(request, context)


async def _echo(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
    async for request in requests:
        yield await _greet(request, context)


def register(server: grpc.aio.Server) -> None:
    """Put the service on a server."""
    handlers: dict[str, Any] = {
        "Greet": grpc.unary_unary_rpc_method_handler(_greet),
        "GreetAll": grpc.stream_unary_rpc_method_handler(_greet_all),
        "Repeat": grpc.unary_stream_rpc_method_handler(_repeat),
        "Echo": grpc.stream_stream_rpc_method_handler(_echo),
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(NAME, handlers)])


class Greeter:
    """Calls it."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.greet: Any = channel.unary_unary(f"/{NAME}/Greet")
        self.greet_all: Any = channel.stream_unary(f"/{NAME}/GreetAll")
        self.repeat: Any = channel.unary_stream(f"/{NAME}/Repeat")
        self.echo: Any = channel.stream_stream(f"/{NAME}/Echo")


def all_errors() -> list[type[SeedbedError]]:
    """Every error of the kernel's tree: other packages that happen to be loaded have theirs."""
    found, waiting = [], [SeedbedError]
    while waiting:
        error = waiting.pop()
        found.append(error)
        waiting.extend(error.__subclasses__())
    return [error for error in found if error.__module__.startswith("seedbed.kernel.")]
