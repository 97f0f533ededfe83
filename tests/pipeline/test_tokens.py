import pytest

from seedbed.pipeline.tokens import count_tokens


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (" \n\t", 0),
        ("bee", 1),
        ("honeycomb", 3),
        ("Bees, bees.", 4),
        ("정악은 궁중", 5),
        ("蜂はどこ", 4),
        ("1116", 1),
        ("a_b", 3),
        ("Где", 1),
    ],
)
def test_words_signs_and_syllables_count(text, count):
    assert count_tokens(text) == count


def test_a_text_weighs_what_its_parts_weigh():
    parts = ["The young leave the nest.", "정악은 궁중에서 연주되었다."]
    assert count_tokens("\n".join(parts)) == sum(map(count_tokens, parts))
