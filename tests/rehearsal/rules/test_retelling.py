"""Retellings of the rehearsal: all of a passage, in the family and about the order that is asked for."""

from typing import Any

import pytest

from seedbed.knowledge.steps import RetellChunk
from seedbed.rehearsal.text.sentences import sentences
from tests.rehearsal.asking import GERMINATION, ONDOL, ask, cut

DOCUMENTS = {"english": cut(GERMINATION.read_text("utf-8"))[0], "korean": cut(ONDOL.read_text("utf-8"))[1]}


def retold(document, family, order="as it stands"):
    about: dict[str, Any] = {"domain": "", "outline": "", "headings": ["Title"], "view": "a child"}
    return ask(RetellChunk.prompt, document=document, family=family, order=order, **about).lines


@pytest.fixture(params=DOCUMENTS)
def document(request):
    return DOCUMENTS[request.param]


def test_a_rewrite_and_implications_leave_nothing_out(document):
    plain = [sentence.plain for sentence in sentences(document)]
    assert len(plain) > 3
    assert retold(document, "rewrite") == plain
    assert retold(document, "rewrite", "from its end to its beginning") == plain[::-1]
    mixed = retold(document, "implications", "what matters most first")
    assert sorted(mixed) == sorted(f"- {sentence}" for sentence in plain)
    assert mixed != [f"- {sentence}" for sentence in plain]


def test_in_a_dialogue_one_asks_and_the_other_says_it_all(document):
    turns = retold(document, "dialogue")
    assert [turn[:3] for turn in turns] == ["A: ", "B: "] * (len(turns) // 2)
    assert [turn[3:] for turn in turns[1::2]] == [sentence.plain for sentence in sentences(document)]


def test_where_nothing_can_be_asked_the_words_themselves_are_given():
    assert retold("Seeds.", "question_list") == ["Seeds."]


def test_a_list_of_questions_has_an_answer_to_each(document):
    lines = retold(document, "question_list")
    assert lines
    assert [line[:3] for line in lines] == ["Q: ", "A: "] * (len(lines) // 2)
