import pytest

from seedbed.skills.core import sift, speaks_like
from tests.skills.leaves import HAIKU, HANGUL, TABLE

THRESHOLD = 0.7


def ends(instructions, seed=HAIKU, context=""):
    return [sifted.end for sifted in sift(instructions, seed, context, THRESHOLD)]


def test_new_instructions_go_on():
    texts = ["Write a haiku about snow.", "Describe a busy market in three short lines."]
    assert [(s.text, s.end) for s in sift(texts, HAIKU, "", THRESHOLD)] == [(text, "") for text in texts]


def test_a_seed_asked_again_is_a_duplicate():
    assert ends(["write a  HAIKU about the sea!"]) == ["duplicate"]


def test_within_a_reply_the_first_one_stays():
    texts = ["Tell of an owl at noon.", "Tell of a storm at sea.", "Tell of an owl at noon!"]
    sifted = sift(texts, HAIKU, "", THRESHOLD)
    assert [s.end for s in sifted] == ["", "", "duplicate"]
    assert sifted[2].reason == "like instruction 1 of the same reply"


def test_korean_duplicates_are_seen():
    texts = [
        "다음 문장을 존댓말로 바꿔 줘: 밥 먹었어",
        "이 문장을 공손하게 고쳐 줘: 내일 몇 시에 올 거야?",
        "이 문장을 공손하게 고쳐 줘: 내일 몇 시에 올 거니?",
    ]
    assert ends(texts, HANGUL) == ["duplicate", "", "duplicate"]


def test_about_another_context_the_seeds_question_is_new():
    context = "| river | length |\n|---|---|\n| Aare | 288 |\n| Reuss | 164 |"
    assert ends(["Which city has more people?"] * 2, TABLE, context) == ["", "duplicate"]
    assert ends(["Which city has more people?"], TABLE, TABLE.context + "\n") == ["duplicate"]


def test_another_script_is_turned_down_and_hides_nothing():
    texts = ["Write politely: did you eat?", "이 문장을 공손하게 고쳐 줘: 어디 가?"]
    sifted = sift(texts, HANGUL, "", THRESHOLD)
    assert [(s.end, s.reason) for s in sifted] == [("rejected", "language"), ("", "")]


@pytest.mark.parametrize(
    ("text", "models", "fits"),
    [
        ("나는 학교에 간다.", ["밥 먹었어?"], True),
        ("I go to school.", ["밥 먹었어?"], False),
        ("나는 학교에 간다.", ["Where do you go?"], False),
        ("Python의 list를 설명해 줘: `xs = [1, 2, 3]; print(xs)`", ["파이썬의 사전을 설명해 줘."], True),
        ("다음을 번역해 줘: The quick brown fox jumps over the lazy dog again.", ["번역해 줘: 개"], True),
        ("나는 Python을 배운다. list와 dict는 쓸모가 많다.", ["What is a list in Python?"], False),
        ("42", ["밥 먹었어?"], True),
        ("I go.", ["42"], True),
        ("I go.", [], True),
        ("I go.", ["갈까?", "Shall we go?"], True),
        ("今日は学校に行きます。", ["明日は何をしますか。"], True),
        ("我今天去学校。", ["明日は何をしますか。"], False),
        ("Я иду в школу.", ["Where do you go?"], False),
        ("", ["밥 먹었어?"], True),
    ],
)
def test_language_is_told_by_script(text, models, fits):
    assert speaks_like(text, models) is fits


def test_nothing_in_nothing_out():
    assert sift([], HAIKU, "", THRESHOLD) == []
