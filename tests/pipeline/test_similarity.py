import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.pipeline.similarity import NearDuplicates, grams, jaccard

SENTENCES = [
    "Where do swifts sleep?",
    "How long do the young stay in the nest?",
    "정악은 어디에서 연주되었습니까?",
    "蜂はどこに住んでいますか。",
    "Где живут пчёлы?",
]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Where  do\nswifts sleep? ", "where do SWIFTS sleep?"),
        ("Straße", "STRASSE"),
        ("가나다라마", "\u1100\u1161\u1102\u1161\u1103\u1161\u1105\u1161\u1106\u1161"),
    ],
)
def test_case_spacing_and_composition_do_not_count(one, other):
    assert grams(one) == grams(other)


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), (" \n", 0), ("a", 1), ("ab", 1), ("abc", 1), ("abcd", 2)]
)
def test_short_texts_have_grams_of_their_own(text, count):
    assert len(grams(text)) == count


def test_jaccard_goes_from_nothing_to_all():
    assert jaccard(grams("abc"), grams("xyz")) == 0
    assert jaccard(grams("abcd"), grams("abc")) == 0.5
    assert jaccard(frozenset(), frozenset()) == 1
    assert jaccard(frozenset(), grams("abc")) == 0


@given(st.text(max_size=40), st.text(max_size=40))
def test_jaccard_takes_no_side(one, other):
    a, b = grams(one), grams(other)
    assert jaccard(a, b) == jaccard(b, a)
    assert 0 <= jaccard(a, b) <= 1
    assert jaccard(a, a) == 1


def filled(threshold=0.7):
    known = NearDuplicates(threshold)
    for number, sentence in enumerate(SENTENCES):
        known.add(str(number), sentence)
    return known


@pytest.mark.parametrize("number", range(len(SENTENCES)))
def test_what_is_nearly_the_same_is_found_in_any_script(number):
    sentence = SENTENCES[number]
    assert filled().find(sentence) == str(number)
    assert filled().find(f" {sentence.upper()}") == str(number)


@pytest.mark.parametrize("text", ["How heavy is a swift?", "정악은 누가 연주하였습니까?", "", "?"])
def test_what_is_not_is_not(text):
    assert filled().find(text) is None


def test_the_earliest_of_several_is_named():
    known = NearDuplicates(0.7)
    known.add("first", "The young leave the nest after 42 days.")
    known.add("second", "The young leave the nest after 42 days!")
    assert known.find("The young leave the nest after 42 days?") == "first"


def test_a_text_is_kept_unless_one_like_it_is():
    known = NearDuplicates(0.7)
    assert known.keep("first", "The young leave the nest after 42 days.") is None
    assert known.keep("second", "The young leave the nest after 42 days!") == "first"
    assert known.keep("third", "Where do swifts sleep?") is None
    assert known.find("Where do swifts sleep!") == "third"


def test_the_threshold_decides():
    one, other = "the young leave the nest after 42 days", "the young leave the nest after 43 weeks"
    likeness = jaccard(grams(one), grams(other))
    for threshold, found in ((likeness - 0.01, "one"), (likeness, "one"), (likeness + 0.01, None)):
        known = NearDuplicates(threshold)
        known.add("one", one)
        assert known.find(other) == found


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=8))
def test_each_text_finds_itself_or_one_before_it(texts):
    known = NearDuplicates(0.7)
    for number, text in enumerate(texts):
        known.add(str(number), text)
        assert int(known.find(text) or 0) <= number
        assert known.find(text) is not None or not grams(text)
