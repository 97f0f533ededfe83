from typing import get_args

import pytest

from seedbed.dataset.augmentation_rows import choose_instruction
from seedbed.pipeline.recipe import Family


@pytest.mark.parametrize("name", ["detailed_summary", "extractive_summary", "atomic_facts"])
@pytest.mark.parametrize("text", ["Swifts sleep on the wing.", "제비는 하늘에서 잔다."])
def test_several_phrasings_each_always_the_same(name, text):
    chosen = [choose_instruction(name, text, str(number)) for number in range(100)]
    assert len(set(chosen)) >= 3
    assert chosen == [choose_instruction(name, text, str(number)) for number in range(100)]
    assert all(any("가" <= sign <= "힣" for sign in one) == (text[0] == "제") for one in chosen)


def test_an_augmentation_we_do_not_know_is_asked_for_by_name():
    assert choose_instruction("rap_song", "Some text", "x") == (
        "Rewrite the passage above in this form: rap song."
    )


@pytest.mark.parametrize("name", get_args(Family))
@pytest.mark.parametrize("text", ["Swifts sleep on the wing.", "제비는 하늘에서 잔다."])
def test_a_retelling_is_asked_for_by_its_family_whatever_its_number(name, text):
    chosen = {choose_instruction(f"{name}_3", text, str(number)) for number in range(100)}
    assert chosen == {choose_instruction(name, text, str(number)) for number in range(100)}
    assert len(chosen) >= 2
    assert not any("form" in one or "형식" in one for one in chosen)


def test_a_korean_passage_with_english_terms_is_asked_for_in_korean():
    text = "LangChain과 LlamaIndex는 RAG 파이프라인을 만드는 데 쓰인다."
    assert choose_instruction("rap_song", text, "x") == "위 글을 다음 형식으로 다시 써 주세요: rap song."
