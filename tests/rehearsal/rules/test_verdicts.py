import pytest

from seedbed.pipeline.quotes import find_quote
from tests.rehearsal.asking import GERMINATION, ONDOL, cut, passes, weigh, write_pairs

PASSAGE = """# Harrow Bridge

The **Harrow Bridge** is a stone bridge over the [River Tamsin](River_Tamsin "wikilink") in Northfield.
Engineer Clara Wendt built the bridge in 1874 with stone from the quarry of Sallow Hill. The bridge has
seven arches, and each arch spans 22 metres. Heavy floods destroyed two arches in 1911. The bridge was
never widened for lorries.
"""
QUESTION = "When did Clara Wendt build the Harrow Bridge?"
GROUNDED = [
    "in 1874",
    "Clara Wendt built the bridge in 1874.",
    "Engineer Clara Wendt built the bridge in 1874 with stone from the quarry of Sallow Hill.",
]
UNGROUNDED = [
    "in 1912",
    "Clara Wendt built the bridge in 1911.",
    "Clara Wendt built the bridge in 1874 with iron from Scotland, and the queen opened it.",
    "Heavy floods destroyed the quarry of Clara Wendt, and stone arches spans lorries widened.",
    "Clara Wendt never built the bridge in 1874.",
    "Bananas are rich in potassium and grow in warm countries.",
]
KOREAN = "온돌은 아궁이에서 땐 불로 방바닥을 데우는 난방 방식이다. 구들장은 고래 위에 덮는 넓고 얇은 돌이다."


@pytest.mark.parametrize("answer", GROUNDED)
def test_a_grounded_answer_passes(answer):
    verdict = weigh(PASSAGE, QUESTION, answer)
    assert passes(verdict), verdict
    assert "1874" in verdict.evidence


@pytest.mark.parametrize("answer", UNGROUNDED)
def test_an_ungrounded_answer_is_not_faithful(answer):
    verdict = weigh(PASSAGE, QUESTION, answer)
    assert verdict.faithful == 0
    assert "Every claim" not in verdict.explanation


@pytest.mark.parametrize("answer", ["", "Yes.", "??"])
def test_an_answer_that_says_nothing_is_not_faithful(answer):
    assert weigh(PASSAGE, QUESTION, answer).faithful == 0


def test_an_answer_to_another_question_is_beside_the_point():
    assert weigh(PASSAGE, QUESTION, "Each arch spans 22 metres.").relevancy < 2


def test_a_question_about_something_else_is_irrelevant():
    assert weigh(PASSAGE, "How do whales sleep in the ocean?", "Clara Wendt built the bridge.").relevancy == 0


@pytest.mark.parametrize(
    "question",
    [
        "What does the text above say about arches?",
        "According to the passage, who built the Harrow Bridge?",
        "When was it built?",
        "What did she build in 1874?",
        "What is described in this document?",
        "본문에서 온돌은 무엇이라고 합니까?",
        "그것은 무엇입니까?",
    ],
)
def test_a_question_that_leans_on_the_document_does_not_stand_alone(question):
    assert weigh(PASSAGE, question, GROUNDED[1]).standalone == 0


def test_korean_answers_are_told_apart():
    question = "온돌은 무엇입니까?"
    assert passes(weigh(KOREAN, question, "아궁이에서 땐 불로 방바닥을 데우는 난방 방식"))
    assert weigh(KOREAN, question, "온돌은 일본에서 들여온 전기 난로이다.").faithful == 0
    assert weigh(KOREAN, question, "온돌은 1987년에 방바닥을 데우는 난방 방식이다.").faithful == 0


@pytest.mark.parametrize("document", [GERMINATION, ONDOL], ids=["english", "korean"])
def test_the_judge_finds_every_quote(document):
    for passage in cut(document.read_text("utf-8")):
        for pair in write_pairs(passage, "long"):
            verdict = weigh(passage, pair.question, pair.answer)
            assert verdict.evidence in passage
            assert find_quote(verdict.evidence, passage)


def test_quotes_out_of_marked_up_text_are_found(real_articles):
    passages = cut((real_articles / "chickadee.md").read_text("utf-8"))
    quotes = [
        (passage, weigh(passage, pair.question, pair.answer).evidence)
        for passage in passages
        for pair in write_pairs(passage, "short")
    ]
    assert len(quotes) > 40
    assert all(find_quote(quote, passage) for passage, quote in quotes)


def test_some_of_what_the_teacher_writes_is_refused():
    verdicts = [
        weigh(passage, pair.question, pair.answer)
        for seed in range(6)
        for passage in cut(GERMINATION.read_text("utf-8"))
        for pair in write_pairs(passage, "long", seed)
    ]
    refused = sum(not passes(verdict) for verdict in verdicts)
    assert 0 < refused < len(verdicts) / 3
