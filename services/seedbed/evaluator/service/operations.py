"""Evaluations as long-running operations: how google.longrunning lists, shows and cancels them."""

from google.longrunning.operations_pb2 import Operation
from google.rpc.code_pb2 import CANCELLED, FAILED_PRECONDITION

from seedbed.evaluator.service.evaluations import ENDED, Evaluations
from seedbed.evaluator.v1.evaluation_pb2 import Evaluation, EvaluationState
from seedbed.evaluator.v1.evaluator_service_pb2 import EvaluationMetadata
from seedbed.kernel.rpc.operations import new_operation
from seedbed.kernel.rpc.paging import by_name, take_page

STAYS = "an evaluation stays with its checkpoints"


def make_operation(evaluation: Evaluation) -> Operation:
    """The operation of an evaluation; done when it has ended."""
    metadata = EvaluationMetadata(evaluation=evaluation.name)
    operation = new_operation(evaluation.name, metadata, done=evaluation.state in ENDED)
    if evaluation.state == EvaluationState.EVALUATION_STATE_SUCCEEDED:
        operation.response.Pack(evaluation)
    elif operation.done:
        failed = evaluation.state == EvaluationState.EVALUATION_STATE_FAILED
        operation.error.code = FAILED_PRECONDITION if failed else CANCELLED
        operation.error.message = evaluation.reason or "cancelled"
    return operation


class EvaluationJobs:
    """Evaluations, as `OperationsApi` asks for them."""

    def __init__(self, evaluations: Evaluations) -> None:
        self._evaluations = evaluations

    async def operation(self, name: str) -> Operation:
        """How an evaluation is. Raises NotFound."""
        return make_operation(await self._evaluations.get(name))

    async def operations(self, size: int, token: str) -> tuple[list[Operation], str]:
        """In order of name. Raises InputError."""
        page, token = take_page(await self._evaluations.names(), by_name, size, token)
        return [make_operation(found) for found in await self._evaluations.find_all(page)], token

    async def cancel(self, name: str) -> None:
        """Stop an evaluation. Raises NotFound."""
        await self._evaluations.cancel(name)
