import grpc
import pytest

from seedbed.evaluator.service.operations import make_operation
from seedbed.evaluator.v1.evaluation_pb2 import Evaluation, EvaluationState
from seedbed.evaluator.v1.evaluator_service_pb2 import EvaluationMetadata


@pytest.mark.parametrize(
    ("state", "code", "message"),
    [
        ("SUCCEEDED", grpc.StatusCode.OK, ""),
        ("FAILED", grpc.StatusCode.FAILED_PRECONDITION, "no judge"),
        ("CANCELLED", grpc.StatusCode.CANCELLED, "no judge"),
    ],
)
def test_an_evaluation_ends_with_its_scores_or_with_why_there_are_none(state, code, message):
    found = EvaluationState.Value(f"EVALUATION_STATE_{state}")
    operation = make_operation(Evaluation(name="e1", state=found, reason="no judge"))
    metadata = EvaluationMetadata()
    assert operation.metadata.Unpack(metadata)
    assert (operation.name, operation.done, metadata.evaluation) == ("operations/e1", True, "e1")
    assert (operation.error.code, operation.error.message) == (code.value[0], message)
