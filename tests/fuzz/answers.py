"""One call after the other, and what is wrong with its answer."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status

from tests.fuzz.methods import Method
from tests.fuzz.requests import Call
from tests.fuzz.stack import SERVICES, Stack

_PATIENT = 5.0
"""Seconds from which on a deadline is one that a service has to keep."""
_LATE = 30.0
"""Beyond its deadline a call hangs: so much, as the machine may be busy with everything else."""
_WAITING = (
    "Generate",
    "WatchRun",
    "WatchTraining",
    "WatchEvaluation",
    "WaitOperation",
    "ListCandidates",
    "CreateRun",
)
"""They wait for what others do, for as long as their caller likes, or for a process to start."""
_OF_THE_CLIENT = "Internal error from Core"
"""What grpc's client says itself where its deadline comes while it still sends."""
_DETAILS = "grpc-status-details-bin"
_NEVER = ("INTERNAL", "UNKNOWN")


@dataclass
class Tally:
    """What came of all calls."""

    codes: dict[str, Counter[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def count(self, call: Call, code: str, fault: str) -> None:
        """Take note of one."""
        self.codes.setdefault(call.method.name, Counter())[code] += 1
        if fault:
            sent = ", ".join(data[:300].hex() for data in call.requests)
            self.faults.append(f"{call.method.name} {code}: {fault}; sent {sent} within {call.timeout:g} s")

    def table(self) -> str:
        """Calls by method and code."""
        total: Counter[str] = sum(self.codes.values(), Counter())
        rows = [*sorted(self.codes.items()), ("in all", total)]
        return "\n".join(f"{codes.total():7} {name}: {dict(codes.most_common())}" for name, codes in rows)


class Caller:
    """Calls every service over a connection of its own."""

    def __init__(self, stack: Stack, tally: Tally) -> None:
        self._channels = {service: stack.channel(service) for service in SERVICES}
        self._tally = tally

    async def make(self, calls: Iterable[Call]) -> None:
        """Make these calls side by side."""
        await asyncio.gather(*(self._make(call) for call in calls))

    async def close(self) -> None:
        """Hang up."""
        for channel in self._channels.values():
            await channel.close()

    async def _make(self, call: Call) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        code, fault = "OK", ""
        try:
            async with asyncio.timeout(call.timeout + _LATE):
                await _consume(self._channels[call.method.service], call)
        except grpc.aio.AioRpcError as error:
            code, fault = error.code().name, _find_fault(call, error)
            if not fault and code in _NEVER:
                code = "OF_THE_CLIENT"
        except TimeoutError:
            code, fault = "NONE", f"no answer after {loop.time() - began:.0f} s"
        self._tally.count(call, code, fault)


async def _consume(channel: grpc.aio.Channel, call: Call) -> None:
    """Make a call, and read all that it answers."""
    sent = () if call.method.descriptor.client_streaming else call.requests[:1]
    made = _open(channel, call.method)(*sent, timeout=call.timeout)
    if call.method.descriptor.client_streaming:
        # By hand: where the server has said no meanwhile, an iterator ends as an error of the client's own.
        with contextlib.suppress(Exception):
            for data in call.requests:
                await made.write(data)
            await made.done_writing()
    if call.method.descriptor.server_streaming:
        async for _ in made:
            pass
    else:
        await made


def _open(channel: grpc.aio.Channel, method: Method) -> Any:
    kinds = {
        (False, False): channel.unary_unary,
        (False, True): channel.unary_stream,
        (True, False): channel.stream_unary,
        (True, True): channel.stream_stream,
    }
    # Bytes as they are: what is sent may be no message.
    return kinds[method.descriptor.client_streaming, method.descriptor.server_streaming](method.path)


def _find_fault(call: Call, error: grpc.aio.AioRpcError) -> str:
    """What is wrong with an answer; "" where nothing is."""
    code, patient = error.code().name, call.timeout >= _PATIENT
    if error.details() == _OF_THE_CLIENT and not patient:
        return ""
    if code in _NEVER:
        return error.details() or "without a word"
    if code == "DEADLINE_EXCEEDED":
        waits = call.method.descriptor.name in _WAITING
        # One that the service itself ended in time, and explained, does not hang.
        return "" if waits or not patient or _has_error_info(error) else f"a hang: {error.details()}"
    return "" if _has_error_info(error) else f"no ErrorInfo: {error.details()}"


def _has_error_info(error: grpc.aio.AioRpcError) -> bool:
    # Not by `rpc_status`: it compares words, which grpc once in many thousand calls hands over undecoded.
    trailers: Any = error.trailing_metadata() or ()
    details = [d for key, data in trailers if key == _DETAILS for d in Status.FromString(data).details]
    return any(detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR) for detail in details)
