"""Trainings as long-running operations (AIP-151): an operation is named after its training."""

import asyncio
from typing import Any

import grpc.aio
from google.longrunning import operations_pb2 as pb
from google.longrunning.operations_pb2_grpc import OperationsServicer
from google.protobuf.empty_pb2 import Empty
from google.rpc.status_pb2 import Status

from seedbed.kernel.errors import Conflict, NotFound
from seedbed.kernel.rpc.paging import take_page
from seedbed.trainer.service.trainings import Trainings
from seedbed.trainer.service.transitions import cancel, has_ended
from seedbed.trainer.v1.trainer_service_pb2 import Training, TrainingMetadata, TrainingState

Context = grpc.aio.ServicerContext[Any, Any]

PREFIX = "operations/"
LOOK = 0.25


def make_operation(training: Training) -> pb.Operation:
    """The operation of a training; done when it has ended, with its error where it failed."""
    operation = pb.Operation(name=f"{PREFIX}{training.name}", done=has_ended(training))
    operation.metadata.Pack(TrainingMetadata(training=training.name))
    if training.state == TrainingState.TRAINING_STATE_FAILED:
        code = grpc.StatusCode.FAILED_PRECONDITION.value[0]
        operation.error.CopyFrom(Status(code=code, message=training.reason))
    elif operation.done:
        operation.response.Pack(training)
    return operation


class OperationsApi(OperationsServicer):
    """The servicer."""

    def __init__(self, trainings: Trainings) -> None:
        self._trainings = trainings

    async def GetOperation(self, request: pb.GetOperationRequest, context: Context) -> pb.Operation:  # noqa: N802
        """The state of one operation."""
        del context
        return make_operation(await self._trainings.get(_training(request.name)))

    async def ListOperations(  # noqa: N802
        self, request: pb.ListOperationsRequest, context: Context
    ) -> pb.ListOperationsResponse:
        """All operations, the latest first."""
        del context
        page, token = take_page(await self._trainings.all(), request.page_size, request.page_token)
        return pb.ListOperationsResponse(operations=map(make_operation, page), next_page_token=token)

    async def WaitOperation(self, request: pb.WaitOperationRequest, context: Context) -> pb.Operation:  # noqa: N802
        """Wait until an operation is done, or the time given is over."""
        name = _training(request.name)
        left = request.timeout.ToMilliseconds() / 1000 if request.HasField("timeout") else None
        limits = [limit for limit in (left, context.time_remaining()) if limit is not None]
        try:
            async with asyncio.timeout(max(0.0, min(limits) - LOOK) if limits else None):
                while not has_ended(await self._trainings.get(name)):  # noqa: ASYNC110  it is cheap to look
                    await asyncio.sleep(LOOK)
        except TimeoutError:
            pass  # As far as it is: that is what the caller asked for.
        return make_operation(await self._trainings.get(name))

    async def CancelOperation(self, request: pb.CancelOperationRequest, context: Context) -> Empty:  # noqa: N802
        """Cancel the training."""
        del context
        await self._trainings.change(_training(request.name), cancel)
        return Empty()

    async def DeleteOperation(self, request: pb.DeleteOperationRequest, context: Context) -> Empty:  # noqa: N802
        """Not offered: a training's record is what its checkpoints rest on."""
        del request, context
        raise Conflict("operations cannot be deleted", hint="a training's record stays with its checkpoints")


def _training(operation: str) -> str:
    if not operation.startswith(PREFIX):
        raise NotFound(f"there is no operation {operation!r}")
    return operation.removeprefix(PREFIX)
