"""Runs as long-running operations (AIP-151): an operation is named after its run."""

import asyncio
from typing import Any

import grpc.aio
from google.longrunning import operations_pb2 as pb
from google.longrunning.operations_pb2_grpc import OperationsServicer
from google.protobuf.empty_pb2 import Empty
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status

from seedbed.kernel.errors import Conflict, NotFound
from seedbed.kernel.rpc.paging import take_page
from seedbed.runs.execution.run import KeptRun
from seedbed.runs.execution.run_manager import Keeper
from seedbed.runs.v1.runs_service_pb2 import Run, RunMetadata

Context = grpc.aio.ServicerContext[Any, Any]

PREFIX = "operations/"
LOOK = 0.25


def make_operation(run: KeptRun, described: Run) -> pb.Operation:
    """The operation of a run; done when the run has ended."""
    operation = pb.Operation(name=f"{PREFIX}{run.name}", done=not run.running)
    progress = described.progress
    operation.metadata.Pack(RunMetadata(run=run.name, requests=progress.requests, progress=progress))
    if operation.done:
        operation.response.Pack(described)
    return operation


class OperationsApi(OperationsServicer):  # type: ignore[misc]  # Google's package has no stubs
    """The servicer."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    async def GetOperation(self, request: pb.GetOperationRequest, context: Context) -> pb.Operation:  # noqa: N802
        """The state of one operation."""
        del context
        return self._operation(request.name)

    async def ListOperations(  # noqa: N802
        self, request: pb.ListOperationsRequest, context: Context
    ) -> pb.ListOperationsResponse:
        """All operations, in order of name."""
        del context
        page, token = take_page(sorted(self._keeper.names), request.page_size, request.page_token)
        operations = [self._operation(f"{PREFIX}{name}") for name in page]
        return pb.ListOperationsResponse(operations=operations, next_page_token=token)

    async def WaitOperation(self, request: pb.WaitOperationRequest, context: Context) -> pb.Operation:  # noqa: N802
        """Wait until an operation is done, or the time given is over."""
        left = request.timeout.ToMilliseconds() / 1000 if request.HasField("timeout") else None
        limits = [limit for limit in (left, context.time_remaining()) if limit is not None]
        try:
            async with asyncio.timeout(max(0.0, min(limits) - LOOK) if limits else None):
                while not self._operation(request.name).done:  # noqa: ASYNC110  it is cheap to look
                    await asyncio.sleep(LOOK)
        except TimeoutError:
            pass  # As far as it is: that is what the caller asked for.
        return self._operation(request.name)

    async def CancelOperation(self, request: pb.CancelOperationRequest, context: Context) -> Empty:  # noqa: N802
        """Cancel the run."""
        del context
        await self._keeper.cancel(self._run(request.name).name)
        return Empty()

    async def DeleteOperation(self, request: pb.DeleteOperationRequest, context: Context) -> Empty:  # noqa: N802
        """Not offered: a run's record is what its dataset rests on."""
        del request, context
        raise Conflict("operations cannot be deleted", hint="a run's record stays with its dataset")

    def _run(self, name: str) -> KeptRun:
        return self._keeper.get(_run_name(name))

    def _operation(self, name: str) -> pb.Operation:
        described = self._keeper.describe(_run_name(name))
        if described.broken:
            broken = Status(code=code_pb2.DATA_LOSS, message=described.broken)
            return pb.Operation(name=name, done=True, error=broken)
        return make_operation(self._run(name), described)


def _run_name(operation: str) -> str:
    if not operation.startswith(PREFIX):
        raise NotFound(f"there is no operation {operation!r}")
    return operation.removeprefix(PREFIX)
