"""What may be asked of the evaluator."""

import pytest

from seedbed.evaluator.requests import QUESTIONS, complete
from seedbed.evaluator.v1.evaluator_service_pb2 import EvaluateRequest
from seedbed.kernel.errors import InputError
from seedbed.trainer.v1.checkpoint_pb2 import Base, CheckpointRef


def ask(**more):
    ref = CheckpointRef(training="t1", number=1, phase="kt1", digest="c" * 64)
    given = {"dataset": "d" * 64, "base": Base(name="org/model"), "checkpoints": [ref], **more}
    return EvaluateRequest(**given)


def test_what_has_no_part_in_an_evaluation_has_none_in_its_name():
    whole = complete(ask(request_id="one"), trust_callers=True)
    assert whole == complete(ask(request_id="other", questions=QUESTIONS), trust_callers=True)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"dataset": "d"}, "dataset"),
        ({"base": Base()}, "base"),
        ({"checkpoints": []}, "checkpoints"),
        ({"checkpoints": [CheckpointRef(training="t1")]}, "checkpoints[0]"),
        ({"questions": 1001}, "questions"),
    ],
)
def test_what_cannot_be_evaluated_is_named(more, field):
    with pytest.raises(InputError) as caught:
        complete(ask(**more), trust_callers=True)
    assert [one.field for one in caught.value.violations] == [field]


@pytest.mark.parametrize(
    ("more", "field"), [({"base": Base(name="/models/own")}, "base"), ({"benchmarks": "/data"}, "benchmarks")]
)
def test_folders_are_read_for_the_machines_own_user_only(more, field):
    complete(ask(**more), trust_callers=True)
    with pytest.raises(InputError) as caught:
        complete(ask(**more), trust_callers=False)
    assert [one.field for one in caught.value.violations] == [field]
