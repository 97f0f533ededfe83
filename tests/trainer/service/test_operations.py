import pytest

from seedbed.trainer.service.operations import TrainingJobs, make_operation
from seedbed.trainer.service.trainings import Trainings
from seedbed.trainer.service.transitions import set_going
from seedbed.trainer.training import make_training
from seedbed.trainer.v1.checkpoint_pb2 import Base
from seedbed.trainer.v1.trainer_service_pb2 import Training, TrainingState
from tests.trainer.students import recipe


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


async def test_an_operation_that_has_ended_is_cancelled_without_a_word_and_stays_as_it_is(bus):
    trainings = Trainings(bus)
    name = (await trainings.create(make_training("a" * 64, Base(name="m", digest="d"), recipe()))).name
    await trainings.change(name, set_going)
    jobs = TrainingJobs(trainings)
    await jobs.cancel(name)
    ended = await trainings.get(name)
    assert ended.state == TrainingState.TRAINING_STATE_CANCELLED
    await jobs.cancel(name)
    assert await trainings.get(name) == ended
