import pytest

from seedbed.kernel.grounding import find_lack

TEXT = "Each species germinates within its own range of temperatures. Peas germinate at 5 °C, though slowly."


@pytest.mark.parametrize(
    "answer",
    [
        "Peas germinate at 5 °C, though slowly.",
        "Peas germinate slowly at 5 °C.",
        "At 5 degrees.",
        "No.",
        "Germination of each species has a range of temperatures of its own.",
    ],
)
def test_what_the_text_says_is_borne_out(answer: str):
    assert find_lack(answer, TEXT, "How many degrees do peas need?") == ""


def test_a_number_of_the_question_is_known():
    assert find_lack("At 8 °C they do, too.", TEXT, "Do peas germinate at 8 °C, too?") == ""


def test_a_number_that_is_not_given_is_named():
    assert find_lack("Peas germinate at 15 °C.", TEXT) == "it does not give 15"


def test_numbers_may_stand_in_words():
    assert find_lack("It lasts 3 weeks.", "The whole of it lasts for three weeks in all.") == ""


def test_separators_of_thousands_do_not_matter():
    assert find_lack("About 1200 kg in all.", "In all it weighs about 1,200 kg.") == ""


@pytest.mark.parametrize(
    "answer", ["The Eiffel Tower stands in Paris.", "서울은 한국의 수도이며 사람이 많다."]
)
def test_what_speaks_of_something_else_is_seen(answer: str):
    assert find_lack(answer, TEXT) == "it speaks of something else"
