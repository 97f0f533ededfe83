import pytest

from seedbed.evaluator.exams.exam import Exam, Question
from seedbed.evaluator.gate import check, read_gate
from seedbed.evaluator.scoring.comparisons import CheckpointResult, compare_all
from seedbed.evaluator.v1.evaluation_pb2 import Evaluation, Measure, Subject
from seedbed.kernel.errors import InputError
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointRef

A, B = "knowledge/a", "compositional_skills/b"
CHOICE, LIKELIHOOD, RATING = Measure.MEASURE_CHOICE, Measure.MEASURE_LIKELIHOOD, Measure.MEASURE_RATING


def make_exam(leaf, count=4, choices=("x", "y", "z", "w")):
    questions = [Question(f"{leaf}{n}", leaf, f"Q{n}?", "x", choices, 0) for n in range(count)]
    return Exam(leaf, "knowledge" if choices else "freeform_skill", count, tuple(questions))


def make_result(name, **leaves):
    """Scores by leaf: `a=[…]` on choice, `b=[…]` on rating, `g=[…]` on choice of the general set."""
    result = CheckpointResult(name, {CHOICE: {}, LIKELIHOOD: {}, RATING: {}})
    for key, measure, leaf in (("a", CHOICE, A), ("b", RATING, B), ("g", CHOICE, "general")):
        result.scores[measure] |= {f"{leaf}{n}": score for n, score in enumerate(leaves.get(key, []))}
    return result


EXAMS = [make_exam(A), make_exam(B, choices=()), make_exam("general")]


@pytest.fixture
def evaluation():
    base = make_result("base", a=[0, 0, 1, 0], b=[1, 2, 1, 2], g=[1, 1, 0, 1])
    first = make_result("2-know", a=[1, 1, 1, 1], b=[2, 2, 1, 3], g=[1, 1, 0, 1])
    last = make_result("3-skill", a=[1, 0, 1, 1], b=[7, 8, 6, 8], g=[1, 0, 0, 1])
    last.unparsed = frozenset([f"{B}9", f"{B}0"])
    rows = compare_all(EXAMS, base, [first, last], {A: "2-know", B: "3-skill"})
    checkpoints = [CheckpointRef(number=2, phase="know"), CheckpointRef(number=3, phase="skill")]
    return Evaluation(name="e1", comparisons=rows, checkpoints=checkpoints)


def rows_of(evaluation, subject, measure):
    return {
        (row.leaf, row.before, row.after): row
        for row in evaluation.comparisons
        if row.subject == subject and row.measure == measure
    }


def test_each_checkpoint_is_held_against_the_base(evaluation):
    gains = rows_of(evaluation, Subject.SUBJECT_GAIN, CHOICE)
    assert set(gains) == {(A, "base", "2-know"), (A, "base", "3-skill")}
    gain = gains[A, "base", "2-know"]
    assert (gain.before_mean, gain.after_mean, gain.difference) == (0.25, 1.0, 0.75)
    assert (gain.questions, gain.left_out, gain.chance) == (4, 0, 0.25)
    assert gain.low < 0.75 < gain.high
    assert gain.after_low < 1.0 == gain.after_high


def test_what_was_forgotten_is_held_against_the_phase_that_taught_it(evaluation):
    forgotten = rows_of(evaluation, Subject.SUBJECT_FORGETTING, CHOICE)
    assert set(forgotten) == {
        (A, "2-know", "3-skill"),
        ("general", "base", "2-know"),
        ("general", "base", "3-skill"),
    }
    assert forgotten[A, "2-know", "3-skill"].difference == -0.25
    assert forgotten["general", "base", "2-know"].difference == 0


def test_ratings_that_could_not_be_read_are_counted_apart(evaluation):
    rated = rows_of(evaluation, Subject.SUBJECT_GAIN, RATING)
    assert rated[B, "base", "3-skill"].unparsed == 1
    assert not rated[B, "base", "3-skill"].HasField("chance")


@pytest.mark.parametrize(
    ("gate", "passed", "said"),
    [
        ("choice: {least_gain: 0.5}", [True, True], ""),
        ("choice: {least_gain: 0.6}", [True, False], f"choice: {A} gained +0.500, less than +0.6"),
        ("rating: {least_gain: 2}", [False, True], ""),
        ("rating: {share_above: 1}", [False, True], ""),
        ("choice: {most_forgetting: 0.1}", [True, False], "lost 0.250 since 2-know, more than 0.1"),
        ("likelihood: {least_gain: 0}", [False, False], "likelihood: no leaf has been measured so"),
    ],
)
def test_the_gate_says_who_passes_and_why_not(evaluation, gate, passed, said):
    found = check(read_gate(gate), evaluation)
    assert [decision.passed for decision in found.decisions] == passed
    assert said in " ".join(found.decisions[-1].reasons)
    assert bool(found.best) == any(passed)


def test_the_best_is_that_with_the_most_gain_of_those_that_pass(evaluation):
    assert check(read_gate("choice: {least_gain: 0.5}"), evaluation).best == "2-know"
    assert (
        check(read_gate("{rating: {least_gain: 0}, choice: {least_gain: 0.5}}"), evaluation).best == "2-know"
    )


@pytest.mark.parametrize(
    "gate", ["", "choice: {}", "choise: {least_gain: 1}", "choice: {share_above: 2}", "a: [", "- 1"]
)
def test_a_gate_that_asks_for_nothing_or_nonsense_is_refused(gate):
    with pytest.raises(InputError, match="gate"):
        read_gate(gate)


def test_what_is_wrong_in_a_gate_is_told_with_its_place_and_what_was_meant():
    with pytest.raises(InputError) as caught:
        read_gate("rating:\n  least_gain: 0\n  share_abov: 1\nchoise: {least_gain: 1}\n")
    assert {violation.field: violation.description for violation in caught.value.violations} == {
        "gate.rating.share_abov": "no such key; did you mean `share_above`? (line 3, column 3)",
        "gate.choise": "no such key; did you mean `choice`? (line 4, column 1)",
    }
