"""Trainings as long-running operations: how they are listed, shown and cancelled by google.longrunning."""

import contextlib

from google.longrunning.operations_pb2 import Operation
from google.rpc.code_pb2 import FAILED_PRECONDITION
from google.rpc.status_pb2 import Status

from seedbed.kernel.errors import Conflict
from seedbed.kernel.rpc.operations import new_operation
from seedbed.kernel.rpc.paging import take_page
from seedbed.trainer.service.trainings import Trainings, latest_first
from seedbed.trainer.service.transitions import cancel, has_ended
from seedbed.trainer.v1.trainer_service_pb2 import Training, TrainingMetadata, TrainingState

STAYS = "a training's record stays with its checkpoints"


def make_operation(training: Training) -> Operation:
    """The operation of a training; done when it has ended, with its error where it failed."""
    metadata = TrainingMetadata(training=training.name)
    operation = new_operation(training.name, metadata, done=has_ended(training))
    if training.state == TrainingState.TRAINING_STATE_FAILED:
        operation.error.CopyFrom(Status(code=FAILED_PRECONDITION, message=training.reason))
    elif operation.done:
        operation.response.Pack(training)
    return operation


class TrainingJobs:
    """Trainings, as `OperationsApi` asks for them."""

    def __init__(self, trainings: Trainings) -> None:
        self._trainings = trainings

    async def operation(self, name: str) -> Operation:
        """How a training is. Raises NotFound."""
        return make_operation(await self._trainings.get(name))

    async def operations(self, size: int, token: str) -> tuple[list[Operation], str]:
        """The latest first. Raises InputError."""
        page, token = take_page(await self._trainings.all(), latest_first, size, token)
        return [make_operation(training) for training in page], token

    async def cancel(self, name: str) -> None:
        """Stop a training, unless it has ended. Raises NotFound, Damaged where its record cannot be read."""
        with contextlib.suppress(Conflict):
            await self._trainings.change(name, cancel)
