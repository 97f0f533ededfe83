import pytest
from google.longrunning.operations_pb2 import WaitOperationRequest
from google.protobuf.duration_pb2 import Duration

from seedbed.evaluator.v1.evaluator_service_pb2 import EvaluateRequest
from seedbed.judge.v1.judge_service_pb2 import JudgeRequest
from seedbed.kernel.errors import InputError
from seedbed.kernel.rpc.field_bounds import ITEMS, NUMBER, STRING_BYTES, check_bounds
from seedbed.knowledge.v1.knowledge_service_pb2 import GenerateRequest
from seedbed.runs.v1.runs_service_pb2 import (
    CreateRunRequest,
    GetRunRequest,
    ListDeadLettersRequest,
    ListRunsRequest,
)
from seedbed.runs.v1.store_service_pb2 import CollectGarbageRequest
from seedbed.taxonomy.v1.leaf_pb2 import Document, Leaf, QuestionAndAnswer, SeedExample
from seedbed.taxonomy.v1.taxonomy_service_pb2 import LintRequest
from seedbed.trainer.v1.checkpoint_pb2 import Base, CheckpointRef
from seedbed.trainer.v1.trainer_service_pb2 import MetricsRow

RUN = "r" + "0" * 16
DIGEST = "a" * 64


def refused(request) -> dict[str, str]:
    with pytest.raises(InputError) as caught:
        check_bounds(request)
    # The first is in the message, as many callers read nothing else.
    first = caught.value.violations[0]
    assert caught.value.message.startswith(f"{first.field} {first.description}")
    return {violation.field: violation.description for violation in caught.value.violations}


def test_what_keeps_its_bounds_goes_through():
    check_bounds(GetRunRequest(run=RUN))
    check_bounds(CreateRunRequest(snapshot=DIGEST, recipe="target: 3\npairs: 2\n", target=1_000_000))
    check_bounds(ListRunsRequest())


@pytest.mark.parametrize(
    "run", ["", "nonsense", f"{RUN}\n", f"{RUN}.x", "r" + "0" * 4999, "r\0", RUN.upper()]
)
def test_an_id_of_another_form_is_refused(run):
    assert set(refused(GetRunRequest(run=run))) == {"run"}


def test_a_number_beyond_what_is_declared_is_refused():
    found = refused(CreateRunRequest(snapshot=DIGEST, target=4294967295))
    assert found == {"target": "must be 0 to 1,000,000, not 4,294,967,295"}


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), -1.0, 1e10])
def test_a_number_that_is_none_is_refused(loss):
    assert set(refused(MetricsRow(loss=loss))) == {"loss"}


@pytest.mark.parametrize(
    ("grace", "field"),
    [
        (Duration(seconds=-1), "grace.seconds"),
        (Duration(seconds=2**40), "grace.seconds"),
        (Duration(nanos=-1), "grace.nanos"),
        (Duration(nanos=1_000_000_000), "grace.nanos"),
    ],
)
def test_a_span_of_time_that_is_none_is_refused(grace, field):
    assert set(refused(CollectGarbageRequest(grace=grace))) == {field}


@pytest.mark.parametrize("character", ["\0", "\n", "\x1b", "\x7f", "\x85"])
def test_control_characters_are_refused_in_names(character):
    assert "control" in refused(LintRequest(source=f"a{character}b"))["source"]


def test_a_text_may_have_lines_and_no_other_control_characters():
    check_bounds(CreateRunRequest(snapshot=DIGEST, recipe="a: 1\r\n\tb: 2\n"))
    assert "U+0000" in refused(CreateRunRequest(snapshot=DIGEST, recipe="a\0"))["recipe"]


def test_what_declares_nothing_is_bounded_by_its_kind():
    check_bounds(ListDeadLettersRequest(reason="x" * STRING_BYTES, page_size=NUMBER))
    assert set(refused(ListDeadLettersRequest(reason="x" * (STRING_BYTES + 1)))) == {"reason"}
    assert set(refused(ListDeadLettersRequest(page_size=-1))) == {"page_size"}
    assert set(refused(Leaf(path="a", documents=[Document(path="b")] * (ITEMS + 1)))) == {"documents"}


def test_bytes_are_bounded():
    ref = CheckpointRef(training="t" + "0" * 16, phase="p", digest=DIGEST)
    request = EvaluateRequest(dataset=DIGEST, base=Base(name="m"), checkpoints=[ref], general=b"x" * 700_000)
    check_bounds(request)
    request.general += b"x"
    found = refused(request)
    assert found == {"general": "must have at most 700,000 bytes, not 700,001"}


def test_what_is_nested_is_named_by_its_place():
    seed = SeedExample(pairs=[QuestionAndAnswer(question="q"), QuestionAndAnswer(question="\0")])
    found = refused(GenerateRequest(leaf=Leaf(path="a/b", seeds=[SeedExample(), seed])))
    assert set(found) == {"leaf.seeds[1].pairs[1].question"}


def test_a_message_that_must_be_given_is_asked_for():
    assert refused(GenerateRequest()) == {"leaf": "must be given"}


def test_one_of_several_that_is_left_out_is_not_looked_into():
    check_bounds(JudgeRequest())


def test_a_contract_of_others_is_bounded_as_well():
    request = WaitOperationRequest(name="x" * 100_000)
    request.timeout.seconds = -1
    assert set(refused(request)) == {"name", "timeout.seconds"}


def test_of_a_thousand_faults_the_first_are_told():
    assert len(refused(CollectGarbageRequest(keep=["x"] * 1000))) == 20
