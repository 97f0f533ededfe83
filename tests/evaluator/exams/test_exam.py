import json

import pytest
import yaml

from seedbed.evaluator.exams.exam import Exam, ExamBuilder, Question, place_answer
from seedbed.evaluator.exams.general import read_general
from seedbed.evaluator.exams.held_out import Trained
from seedbed.evaluator.exams.lm_eval_tasks import task_name, write_task
from seedbed.kernel.errors import InputError

LEAF = "knowledge/science/seeds"
LONG = "Frost splits the hard coat of a beech nut, and water reaches the embryo in spring."


def make_row(question, answer, passages=""):
    user = f"{passages}\n\n{question}" if passages else question
    messages = [{"role": "user", "content": user}, {"role": "assistant", "content": answer}]
    return json.dumps({"id": "1", "messages": messages, "metadata": "{}", "unmask": True}).encode()


def make_question(name, question, answer):
    choices, right = place_answer(name, answer, ["wrong one", "wrong two", "wrong three"])
    return Question(name, LEAF, question, answer, choices, right)


@pytest.fixture
def trained():
    trained = Trained(0.7)
    trained.add_rows([
        make_row("What splits the coat of a beech nut?", LONG, passages="A passage.\n\nAnother passage."),
        make_row("Who carries acorns away?", "The jay"),
    ])  # fmt: skip
    return trained


@pytest.mark.parametrize(
    ("question", "answer", "why"),
    [
        ("Who carries  acorns away?", "the JAY", "trained"),
        ("Who carries the acorns away?", "The jay", "near duplicate of a trained question"),
        (
            "When in the course of a year can the plant in the fruit of a tree take up what it needs?",
            LONG.replace("in spring", "in March"),
            "near duplicate of a trained answer",
        ),
        ("Which bird plants oaks?", "The jay", ""),
        ("When does a lime tree flower?", "In June, when all other trees have long ceased to.", ""),
    ],
)
def test_what_was_trained_on_is_not_held_out(trained, question, answer, why):
    assert trained.find(question, answer) == why


def test_a_rows_question_is_found_behind_its_passages(trained):
    assert trained.rows == 2
    assert trained.find("What splits the coat of a beech nut?", "Something else")
    assert not trained.find("A passage.", "Another passage.")


def test_a_sieve_lets_through_as_many_as_are_wanted_and_counts_the_rest(trained):
    builder = ExamBuilder(LEAF, "knowledge", 2, trained, 0.7)
    builder.offer(make_question("a", "Who carries acorns away?", "The jay"))
    builder.offer(make_question("b", "Which bird plants oaks?", "The jay"))
    builder.offer(make_question("c", "Which bird plants oaks ?", "The jay"))
    builder.leave_out("without their evidence in the passage", 3)
    exam = builder.build()
    assert exam.shortfall == (
        "1 of 2 questions: left out were 1 repeated, 1 trained, 3 without their evidence in the passage"
    )
    builder.offer(make_question("d", "When does a lime tree flower?", "In June"))
    builder.offer(make_question("e", "What do swifts eat in the air?", "Gnats"))
    assert [question.id for question in builder.build().questions] == ["b", "d"]
    assert builder.build().shortfall == ""


def test_the_place_of_the_right_answer_says_nothing():
    places = [place_answer(str(n), "right", ["a", "b", "c"])[1] for n in range(400)]
    assert {places.count(place) > 60 for place in range(4)} == {True}
    assert place_answer("1", "right", ["a", "b", "c"]) == place_answer("1", "right", ["c", "a", "b"])


def test_a_task_can_be_taken_anywhere(trained):
    exam = Exam(LEAF, "knowledge", 1, (make_question("b", "Which bird plants oaks?", "The jay"),))
    files = dict(write_task(exam))
    name = task_name(LEAF)
    assert set(files) == {f"{name}.yaml", f"{name}.jsonl"}
    task = yaml.safe_load(files[f"{name}.yaml"])
    assert task["dataset_kwargs"]["data_files"] == {"test": f"{name}.jsonl"}
    assert task["output_type"] == "multiple_choice"
    (row,) = (json.loads(line) for line in files[f"{name}.jsonl"].splitlines())
    assert row["choices"][row["answer"]] == "The jay"


def test_two_leaves_of_one_name_are_two_tasks():
    assert task_name("knowledge/한옥") != task_name("knowledge/온돌")
    assert task_name("a/seeds") != task_name("b/seeds")


def test_an_exam_is_known_by_its_questions():
    one = Exam(LEAF, "knowledge", 1, (make_question("b", "Which bird plants oaks?", "The jay"),))
    other = Exam(LEAF, "knowledge", 9, one.questions, {"repeated": 3})
    assert one.digest() == other.digest()
    [row] = map(json.loads, one.rows().splitlines())
    assert Question(**row | {"choices": tuple(row["choices"])}) == one.questions[0]


def test_the_shipped_general_set_is_whole():
    exam = read_general(b"")
    assert len(exam.questions) == len({question.id for question in exam.questions}) == 36
    assert all(len(question.choices) == 4 for question in exam.questions)
    places = [question.answer for question in exam.questions]
    assert all(4 <= places.count(place) <= 15 for place in range(4))


def test_a_general_set_of_ones_own_may_have_choices_or_not():
    exam = read_general(
        b'{"question": "One?", "choices": ["a", "b"], "answer": 1}\n{"question": "Two?", "reference": "b"}'
    )
    assert [question.reference for question in exam.questions] == ["b", "b"]
    for broken in (
        b"not json",
        b'{"question": "x", "choices": ["a"], "answer": 3}',
        b'{"question": "x"}',
        b"\n",
    ):
        with pytest.raises(InputError, match="general"):
            read_general(broken)
