import pytest
from pydantic import ValidationError

from seedbed.skills.replies import Instructions, SkillContext, SkillResponse


def test_texts_are_trimmed():
    assert SkillContext(context=" a table \n").context == "a table"
    assert SkillResponse(response="\nyes").response == "yes"


def test_blank_instructions_cost_only_themselves():
    assert Instructions(instructions=[" one ", "", "\n", "two"]).instructions == ["one", "two"]


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_reply_is_malformed(text):
    with pytest.raises(ValidationError):
        SkillContext(context=text)
    with pytest.raises(ValidationError):
        SkillResponse(response=text)
    with pytest.raises(ValidationError):
        Instructions(instructions=[text])
    with pytest.raises(ValidationError):
        Instructions(instructions=[])
