import pytest

from seedbed.pipeline.grounding import Ground

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
    assert Ground(TEXT).find_lack(answer, "How many degrees do peas need?") == ""


def test_a_number_of_the_question_is_known():
    assert Ground(TEXT).find_lack("At 8 °C they do, too.", "Do peas germinate at 8 °C, too?") == ""


def test_a_number_that_is_not_given_is_named():
    assert Ground(TEXT).find_lack("Peas germinate at 15 °C.") == "it does not give 15"


def test_numbers_may_stand_in_words():
    assert Ground("The whole of it lasts for three weeks in all.").find_lack("It lasts 3 weeks.") == ""


def test_separators_of_thousands_do_not_matter():
    assert Ground("In all it weighs about 1,200 kg.").find_lack("About 1200 kg in all.") == ""


@pytest.mark.parametrize(
    "answer", ["The Eiffel Tower stands in Paris.", "서울은 한국의 수도이며 사람이 많다."]
)
def test_what_speaks_of_something_else_is_seen(answer: str):
    assert Ground(TEXT).find_lack(answer) == "it speaks of something else"


def test_many_answers_are_held_against_a_long_text_in_no_long_time():
    ground = Ground(TEXT * 5000)
    assert {ground.find_lack(f"Peas germinate at 5 °C, number {n} says.")[:19] for n in range(2000)} >= {
        "it does not give 7"
    }
