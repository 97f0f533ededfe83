"""What may be asked of the evaluator."""

import pytest

from seedbed.evaluator.service.requests import QUESTIONS, complete
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
    ("more", "field"),
    [
        *(
            ({"base": Base(name=name)}, "base")
            for name in ("/etc", "~/own", "./own", "../own", "own", "a/b/c")
        ),
        ({"benchmarks": "/data"}, "benchmarks"),
    ],
)
def test_folders_are_taken_from_the_machines_own_user_alone(more, field, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").mkdir()
    complete(ask(**more), trust_callers=True)
    with pytest.raises(InputError) as caught:
        complete(ask(**more), trust_callers=False)
    assert [one.field for one in caught.value.violations] == [field]


def test_models_on_the_hub_are_taken_from_everybody():
    for name in ("gpt2", "org/model", "Qwen/Qwen2.5-0.5B"):
        complete(ask(base=Base(name=name)), trust_callers=False)
