import pytest
from pydantic import ValidationError

from seedbed.judge.replies import GroundedJudgement, InstructionJudgement, PairJudgement


def test_words_come_before_scores():
    for reply in (InstructionJudgement, PairJudgement, GroundedJudgement):
        names = list(reply.model_json_schema()["properties"])
        assert names[0] == "explanation"
    assert list(GroundedJudgement.model_json_schema()["properties"])[1] == "evidence"


def test_schemas_are_closed_and_name_every_field():
    for reply in (InstructionJudgement, PairJudgement, GroundedJudgement):
        schema = reply.model_json_schema()
        assert schema["additionalProperties"] is False
        assert set(schema["required"]) == set(schema["properties"])


@pytest.mark.parametrize("value", [2, "2", " 2 ", 2.0])
def test_numbers_may_come_in_another_dress(value):
    assert PairJudgement(explanation="", score=value).score == 2


@pytest.mark.parametrize("value", [0, 4, 2.5, "two", None, float("inf"), float("nan"), "", [2], "²"])
def test_nothing_off_the_scale_is_taken(value):
    with pytest.raises(ValidationError):
        PairJudgement(explanation="", score=value)


def test_truth_is_a_flag():
    reply = InstructionJudgement(explanation="", answerable=True, well_formed="1", safe=1, relevant=False)
    assert reply.model_dump() == {
        "explanation": "",
        "answerable": 1,
        "well_formed": 1,
        "safe": 1,
        "relevant": 0,
    }
