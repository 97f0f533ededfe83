import pytest

from seedbed.cli.commands.evaluate import EvaluateArguments, EvaluateCommand, as_object, describe_calls
from seedbed.cli.reach.endpoints import Wanted
from seedbed.cli.reach.find_training import FoundTraining as Tuned
from seedbed.cli.render.evaluation_tables import BenchmarkTable, ForgettingTable, GainTable, notes
from seedbed.cli.render.failure import DONE, NOT_PASSED
from seedbed.cli.render.screen import Screen
from seedbed.evaluator.v1.evaluation_pb2 import (
    Benchmark,
    Comparison,
    Evaluation,
    EvaluationState,
    Exam,
    Measure,
    Subject,
)
from seedbed.evaluator.v1.evaluator_service_pb2 import CheckGateResponse, Decision
from seedbed.kernel.errors import InputError
from seedbed.trainer.v1.checkpoint_pb2 import Base, CheckpointRef
from seedbed.trainer.v1.trainer_service_pb2 import Phase, Training

LEAF = "knowledge/science/seeds"


def make_ref(number, phase):
    return CheckpointRef(training="t1", number=number, phase=phase, digest=f"{number}" * 64)


def make_row(after, mean, *, leaf=LEAF, before="base", subject=Subject.SUBJECT_GAIN, **more):
    gain = mean - 0.25
    return Comparison(
        leaf=leaf,
        measure=Measure.MEASURE_CHOICE,
        subject=subject,
        before=before,
        after=after,
        before_mean=0.25,
        after_mean=mean,
        difference=gain,
        low=gain - 0.1,
        high=gain + 0.1,
        chance=0.25,
        questions=20,
        **more,
    )


@pytest.fixture
def evaluation():
    return Evaluation(
        name="e1",
        state=EvaluationState.EVALUATION_STATE_SUCCEEDED,
        checkpoints=[make_ref(2, "kt1"), make_ref(3, "st")],
        exams=[
            Exam(leaf=LEAF, wanted=30, questions=20, shortfall="20 of 30 questions: left out were 3 repeated")
        ],
        comparisons=[
            make_row("2-kt1", 0.75),
            make_row("3-st", 0.65, unparsed=2),
            make_row("3-st", 0.15, before="2-kt1", subject=Subject.SUBJECT_FORGETTING),
            make_row("3-st", 0.2, leaf="general", subject=Subject.SUBJECT_FORGETTING),
        ],
        benchmarks=[
            Benchmark(
                name="arc", checkpoint="base", score=0.21, standard_error=0.01, shots=25, questions=1172
            ),
            Benchmark(name="mmlu", checkpoint="base", reason="its data are not at hand"),
        ],
    )


@pytest.fixture
def shown(evaluation, capsys):
    screen = Screen()
    for table in (GainTable, ForgettingTable, BenchmarkTable):
        screen.show(table(evaluation))
    return capsys.readouterr().out.splitlines()


def test_checkpoints_stand_side_by_side_with_the_last_ones_gain(shown):
    (row,) = [line.split() for line in shown if line.startswith(LEAF)][:1]
    assert row == f"{LEAF} choice 0.250 0.750 0.650 +0.400 +0.300 … +0.500 0.250 20".split()


def test_what_was_forgotten_says_since_when(shown):
    row = [line.split() for line in shown if line.startswith(LEAF)][1]
    assert row[:6] == [LEAF, "choice", "2-kt1", "3-st", "0.250", "0.150"]
    assert any(line.startswith("general") for line in shown)


def test_what_is_short_unread_or_missing_is_said(evaluation):
    said = list(notes(evaluation))
    assert said == [
        f"{LEAF}: 20 of 30 questions: left out were 3 repeated",
        f"{LEAF}: 2 ratings of base and 3-st could not be read",
        "mmlu was not run: its data are not at hand",
    ]


def make_command(**order):
    given = {"subject": "t1", "state": None, "wanted": Wanted(), **order}
    return EvaluateCommand(EvaluateArguments(**given), Screen())


def test_the_gate_decides_by_the_last_checkpoint_and_says_why(evaluation, capsys):
    command = make_command()
    command._evaluation = evaluation
    decisions = [
        Decision(checkpoint="2-kt1", passed=True),
        Decision(checkpoint="3-st", reasons=["choice: lost"]),
    ]
    assert command._report(CheckGateResponse(decisions=decisions, best="2-kt1")) == NOT_PASSED
    told = capsys.readouterr().out
    assert "gate: 3-st does not pass" in told
    assert "choice: lost" in told
    assert "2-kt1" in told
    assert command._report(CheckGateResponse(decisions=decisions[:1], best="2-kt1")) == DONE


def test_an_evaluation_that_was_there_cost_this_command_nothing(evaluation):
    evaluation.usage.requests, evaluation.recalled = 40, 3
    assert describe_calls(evaluation, was_there=False) == "40 calls, 3 recalled"
    assert describe_calls(evaluation, was_there=True).startswith("0 calls: ")


def make_training():
    base = make_ref(1, "base")
    phases = [Phase(name=ref.phase, checkpoint=ref) for ref in (base, make_ref(2, "kt1"), make_ref(3, "st"))]
    return Training(
        name="t1",
        dataset="d" * 64,
        base=Base(name="scratch", checkpoint=base),
        phases=[*phases, Phase(name="late")],
    )


def test_the_base_of_a_student_from_scratch_is_no_checkpoint_to_evaluate():
    request = make_command()._make_request(Tuned(make_training()), b"")
    assert [ref.phase for ref in request.checkpoints] == ["kt1", "st"]
    assert request.base.checkpoint.phase == "base"
    assert request.dataset == "d" * 64


def test_checkpoints_are_named_by_their_phase_and_another_base_is_taken():
    request = make_command(checkpoints=("st",), base="other/model")._make_request(Tuned(make_training()), b"")
    assert [ref.phase for ref in request.checkpoints] == ["st"]
    assert request.base == Base(name="other/model")
    with pytest.raises(InputError, match="no checkpoint of late; there are: kt1, st"):
        make_command(checkpoints=("late",))._make_request(Tuned(make_training()), b"")


def test_for_programs_it_is_one_object(evaluation):
    gate = CheckGateResponse(decisions=[Decision(checkpoint="3-st", passed=False)])
    found = as_object(evaluation, gate)
    assert found["comparisons"][0]["after_mean"] == 0.75
    assert found["gate"]["decisions"][0]["passed"] is False
