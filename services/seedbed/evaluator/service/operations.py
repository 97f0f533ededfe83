"""Evaluations as long-running operations (AIP-151): an operation is named after its evaluation."""

import asyncio
from typing import Any

import grpc.aio
from google.longrunning import operations_pb2 as pb
from google.longrunning.operations_pb2_grpc import OperationsServicer
from google.protobuf.empty_pb2 import Empty
from google.rpc.code_pb2 import CANCELLED, FAILED_PRECONDITION

from seedbed.evaluator.service.states import ENDED, States
from seedbed.evaluator.v1.evaluation_pb2 import Evaluation, EvaluationState
from seedbed.evaluator.v1.evaluator_service_pb2 import EvaluationMetadata
from seedbed.kernel.errors import Conflict, NotFound
from seedbed.kernel.rpc.paging import take_page

Context = grpc.aio.ServicerContext[Any, Any]

PREFIX = "operations/"
LOOK = 0.25


def make_operation(evaluation: Evaluation) -> pb.Operation:
    """The operation of an evaluation; done when it has ended."""
    operation = pb.Operation(name=f"{PREFIX}{evaluation.name}", done=evaluation.state in ENDED)
    operation.metadata.Pack(EvaluationMetadata(evaluation=evaluation.name))
    if evaluation.state == EvaluationState.EVALUATION_STATE_SUCCEEDED:
        operation.response.Pack(evaluation)
    elif operation.done:
        failed = evaluation.state == EvaluationState.EVALUATION_STATE_FAILED
        operation.error.code = FAILED_PRECONDITION if failed else CANCELLED
        operation.error.message = evaluation.reason or "cancelled"
    return operation


class OperationsApi(OperationsServicer):  # type: ignore[misc]  # Google's package has no stubs
    """The servicer."""

    def __init__(self, states: States) -> None:
        self._states = states

    async def GetOperation(self, request: pb.GetOperationRequest, context: Context) -> pb.Operation:  # noqa: N802
        """The state of one operation."""
        del context
        return await self._operation(request.name)

    async def ListOperations(  # noqa: N802
        self, request: pb.ListOperationsRequest, context: Context
    ) -> pb.ListOperationsResponse:
        """All operations, in order of name."""
        del context
        page, token = take_page(await self._states.names(), request.page_size, request.page_token)
        operations = map(make_operation, await self._states.find_all(page))
        return pb.ListOperationsResponse(operations=operations, next_page_token=token)

    async def WaitOperation(self, request: pb.WaitOperationRequest, context: Context) -> pb.Operation:  # noqa: N802
        """Wait until an operation is done, or the time given is over."""
        left = request.timeout.ToMilliseconds() / 1000 if request.HasField("timeout") else None
        limits = [limit for limit in (left, context.time_remaining()) if limit is not None]
        try:
            async with asyncio.timeout(max(0.0, min(limits) - LOOK) if limits else None):
                while not (await self._operation(request.name)).done:  # noqa: ASYNC110  as for runs
                    await asyncio.sleep(LOOK)
        except TimeoutError:
            pass  # As far as it is: that is what the caller asked for.
        return await self._operation(request.name)

    async def CancelOperation(self, request: pb.CancelOperationRequest, context: Context) -> Empty:  # noqa: N802
        """Cancel the evaluation."""
        del context
        await self._states.cancel(_name(request.name))
        return Empty()

    async def DeleteOperation(self, request: pb.DeleteOperationRequest, context: Context) -> Empty:  # noqa: N802
        """Not offered: what a model is said to have gained rests on it."""
        del request, context
        raise Conflict("operations cannot be deleted", hint="an evaluation stays with its checkpoints")

    async def _operation(self, name: str) -> pb.Operation:
        return make_operation(await self._states.get(_name(name)))


def _name(operation: str) -> str:
    if not operation.startswith(PREFIX):
        raise NotFound(f"there is no operation {operation!r}")
    return operation.removeprefix(PREFIX)
