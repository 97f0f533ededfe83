"""Seed examples: placeholders, near-equal ones, and answers that their context does not bear out."""

from typing import Any

import pytest
import yaml

from seedbed.taxonomy.lint.positions import read_yaml
from seedbed.taxonomy.lint.seeds import check_seeds
from tests.taxonomy.gardens import dump, knowledge, skill


def said(data: dict[str, Any], branch: str = "knowledge") -> list[tuple[str, int, str]]:
    parsed = read_yaml(dump(data).encode(), "qna.yaml")
    return [(f.rule, f.line, f.message) for f in check_seeds(parsed, branch, "qna.yaml")]


def pair(data: dict[str, Any], seed: int, number: int) -> dict[str, str]:
    found: dict[str, str] = data["seed_examples"][seed]["questions_and_answers"][number]
    return found


@pytest.mark.parametrize(("data", "branch"), [(knowledge(), "knowledge"), (skill(), "compositional_skills")])
def test_sound_seeds_are_left_alone(data, branch):
    assert said(data, branch) == []


def test_placeholders_are_named_with_their_line():
    data = knowledge(document_outline="TODO")
    data["seed_examples"][1]["context"] = "<context here>"
    pair(data, 2, 0)["question"] = "Question 1"
    pair(data, 3, 1)["answer"] = "..."
    found = [(line, message) for rule, line, message in said(data) if rule == "placeholder"]
    lines = dump(data).split("\n")
    assert [lines[line - 1].split(":", 1)[1].strip(" '") for line, _ in found] == [
        "TODO",
        "<context here>",
        "Question 1",
        "...",
    ]
    assert found[0][1] == "the document_outline is still to be written: `TODO` stands in for it"


def test_a_question_asked_nearly_the_same_twice_is_seen():
    data = knowledge()
    pair(data, 4, 0).update(
        question="Where does the  Chickadee nest", answer="In holes of old birches, it is said."
    )
    data["seed_examples"][4]["context"] += " The chickadee nests in holes of old birches, it is said."
    ((rule, line, message),) = said(data)
    assert rule == "near-equal"
    first = next(
        n for n, text in enumerate(dump(data).split("\n"), 1) if "Where does the chickadee nest?" in text
    )
    assert line > first
    assert message == f"the question is nearly the same as the one on line {first}; another teaches more"


def test_a_context_taken_twice_is_seen():
    data = knowledge()
    data["seed_examples"][3]["context"] = data["seed_examples"][0]["context"].upper().lower()
    assert "near-equal" in [rule for rule, _, _ in said(data)]


def test_questions_that_differ_in_a_number_or_in_their_answer_are_not_alike():
    data = skill()
    data["seed_examples"][0] = {
        "question": "List two words for to attend.",
        "answer": "Take part, be present.",
    }
    data["seed_examples"][1] = {
        "question": "List four words for to attend.",
        "answer": "Visit, go to, frequent, see.",
    }
    assert said(data, "compositional_skills") == []


def test_one_question_to_many_texts_is_a_grounded_skill():
    data = skill(context=True)
    texts = [
        "Amir asks the town.",
        "Petra builds frames.",
        "Joan phones him.",
        "Ewa sends leaflets.",
        "Tom drives.",
    ]
    for seed, text in zip(data["seed_examples"], texts, strict=True):
        seed.update(context=text, question="Who does what?", answer=text)
    assert said(data, "compositional_skills") == []


CONTEXT = "The pump has a warranty of 36 months. It must be kept dry, and its seal is changed every year."


@pytest.mark.parametrize(
    ("answer", "lack"),
    [
        ("24 months.", "it does not give 24"),
        ("The warranty is 3 months long.", "it does not give 3"),
        ("The Eiffel Tower was built for the world fair.", "it speaks of something else"),
        ("Der Eiffelturm wurde zur Weltausstellung gebaut.", "it speaks of something else"),
        ("한국의 수도는 서울이며 사람이 많이 산다.", "it speaks of something else"),
    ],
)
def test_an_answer_that_its_context_does_not_bear_out_is_seen(answer: str, lack: str):
    data = knowledge()
    data["seed_examples"][0]["context"] = CONTEXT
    data["seed_examples"][0]["questions_and_answers"] = [
        {"question": "How long is the warranty of the pump?", "answer": answer},
        {"question": "How is the pump kept?", "answer": "It must be kept dry."},
        {"question": "What is changed every year?", "answer": "The seal."},
    ]
    ((rule, _, message),) = said(data)
    assert rule == "ungrounded-answer"
    assert message.endswith(f"out: {lack}")


@pytest.mark.parametrize(
    "answer",
    [
        "36 months",
        "The pump's warranty lasts for 36 months.",
        "Yes.",
        "1. Keep the pump dry.\n2. Change the seal every year.",
        "Three years, as its warranty of 36 months says.",
    ],
)
def test_a_retelling_is_borne_out(answer: str):
    data = knowledge()
    data["seed_examples"][0]["context"] = CONTEXT
    data["seed_examples"][0]["questions_and_answers"] = [
        {"question": "How is the pump kept?", "answer": answer}
    ]
    assert said(data) == []


@pytest.mark.parametrize(
    "data",
    [
        "seed_examples: 3",
        "seed_examples: [1, {context: 2}]",
        "seed_examples:\n- {questions_and_answers: [3, {}]}",
    ],
)
def test_what_the_schema_refuses_is_passed_over(data):
    parsed = read_yaml(data.encode(), "qna.yaml")
    assert isinstance(yaml.safe_load(data), dict)
    assert list(check_seeds(parsed, "knowledge", "qna.yaml")) == []
