"""Long-running operations (AIP-151) for what a service does in the background, named after the job."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

import grpc.aio
from google.longrunning import operations_pb2 as pb
from google.longrunning.operations_pb2_grpc import OperationsServicer
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from seedbed.kernel.errors import Conflict, NotFound

Context = grpc.aio.ServicerContext[Any, Any]

PREFIX = "operations/"
LOOK = 0.25
"""Seconds between two looks at a job that is waited for: cheap, and a thousand who wait need no consumers."""


def new_operation(name: str, metadata: Message, *, done: bool) -> pb.Operation:
    """The operation of a job, without the response or error with which it ended."""
    operation = pb.Operation(name=f"{PREFIX}{name}", done=done)
    operation.metadata.Pack(metadata)
    return operation


class Jobs(Protocol):
    """What a service has to say of its jobs, by their names."""

    async def operation(self, name: str) -> pb.Operation:
        """How a job is. Raises NotFound."""
        ...

    async def operations(self, size: int, token: str) -> tuple[Sequence[pb.Operation], str]:
        """One page of them, and the token of the next. Raises InputError."""
        ...

    async def cancel(self, name: str) -> object:
        """Stop a job; one that has ended stays as it is. Raises NotFound."""
        ...


class OperationsApi(OperationsServicer):  # type: ignore[misc]  # Google's package has no stubs
    """The servicer. `stays` says to whom would delete one what rests on it."""

    def __init__(self, jobs: Jobs, *, stays: str) -> None:
        self._jobs = jobs
        self._stays = stays

    async def GetOperation(self, request: pb.GetOperationRequest, context: Context) -> pb.Operation:  # noqa: N802
        """See google.longrunning. Raises NotFound."""
        del context
        return await self._operation(request.name)

    async def ListOperations(  # noqa: N802
        self, request: pb.ListOperationsRequest, context: Context
    ) -> pb.ListOperationsResponse:
        """All operations, in the service's order."""
        del context
        page, token = await self._jobs.operations(request.page_size, request.page_token)
        return pb.ListOperationsResponse(operations=page, next_page_token=token)

    async def WaitOperation(self, request: pb.WaitOperationRequest, context: Context) -> pb.Operation:  # noqa: N802
        """Wait until an operation is done, or the time given is over."""
        left = request.timeout.ToMilliseconds() / 1000 if request.HasField("timeout") else None
        limits = [limit for limit in (left, context.time_remaining()) if limit is not None]
        try:
            async with asyncio.timeout(max(0.0, min(limits) - LOOK) if limits else None):
                while not (await self._operation(request.name)).done:  # noqa: ASYNC110  it is cheap to look
                    await asyncio.sleep(LOOK)
        except TimeoutError:
            pass  # As far as it is: that is what the caller asked for.
        return await self._operation(request.name)

    async def CancelOperation(self, request: pb.CancelOperationRequest, context: Context) -> Empty:  # noqa: N802
        """Ask the job to stop. Raises NotFound for the name of none."""
        del context
        await self._jobs.cancel(_job(request.name))
        return Empty()

    async def DeleteOperation(self, request: pb.DeleteOperationRequest, context: Context) -> Empty:  # noqa: N802
        """Not offered: something rests on every job's record."""
        del request, context
        raise Conflict("operations cannot be deleted", hint=self._stays)

    async def _operation(self, name: str) -> pb.Operation:
        return await self._jobs.operation(_job(name))


def _job(operation: str) -> str:
    if not operation.startswith(PREFIX):
        raise NotFound(f"there is no operation {operation!r}")
    return operation.removeprefix(PREFIX)
