import pytest

from seedbed.trainer.service.operations import make_operation
from seedbed.trainer.v1.trainer_service_pb2 import Training, TrainingState


@pytest.mark.parametrize(
    ("state", "done", "ends_in"),
    [
        ("RUNNING", False, None),
        ("SUCCEEDED", True, "response"),
        ("FAILED", True, "error"),
        ("CANCELLED", True, "response"),
    ],
)
def test_a_training_fails_with_its_reason_and_is_the_response_otherwise(state, done, ends_in):
    found = TrainingState.Value(f"TRAINING_STATE_{state}")
    operation = make_operation(Training(name="t1", state=found, reason="no disk"))
    assert (operation.name, operation.done) == ("operations/t1", done)
    assert operation.WhichOneof("result") == ends_in
    assert operation.error.message == ("no disk" if state == "FAILED" else "")
