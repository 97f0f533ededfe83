import re

import pytest

from seedbed.rehearsal.text.hangul import is_korean
from seedbed.rehearsal.text.sentences import plain_text
from seedbed.rehearsal.text.words import content, subject_words
from tests.rehearsal.asking import GERMINATION, ONDOL, cut, distinct, passes, weigh, write_pairs

PASSAGE = """\
The Harrow Bridge is a stone bridge over the River Tamsin in Northfield. Engineer Clara Wendt built the
bridge in 1874 with stone from the quarry of Sallow Hill. The bridge has seven arches, and each arch
spans 22 metres. Heavy floods destroyed two arches in 1911 because drifting ice had blocked the river.
The town repaired the bridge within nine months. Today the bridge carries about 4,000 cyclists a day,
and lorries use the new crossing in the east.
"""


@pytest.mark.parametrize("form", ["short", "long"])
@pytest.mark.parametrize("document", [GERMINATION, ONDOL], ids=["english", "korean"])
def test_answers_stand_in_the_document(document, form):
    for passage in cut(document.read_text("utf-8")):
        text = plain_text(passage).casefold()
        for pair in write_pairs(passage, form, title="Seeds"):
            for part in re.split(r"(?<=[.]) ", pair.answer.casefold()):
                assert part.rstrip(".") in text


@pytest.mark.parametrize("form", ["short", "long"])
@pytest.mark.parametrize("document", [GERMINATION, ONDOL], ids=["english", "korean"])
def test_questions_are_about_the_document(document, form):
    for passage in cut(document.read_text("utf-8")):
        known = content(passage) | content("Seeds") | content("온돌")
        for pair in write_pairs(passage, form, title="온돌" if is_korean(passage) else "Seeds"):
            asked = subject_words(pair.question)
            found = [word for word in asked if word in known or (is_korean(word) and word in passage)]
            assert len(found) >= len(asked) / 2, pair.question


def test_questions_name_what_they_ask_of():
    for seed in range(20):
        for pair in write_pairs(PASSAGE, "short", seed, title="Harrow Bridge"):
            assert not re.search(r"\b(?:this (?:text|passage)|the (?:text|passage|author))\b", pair.question)
            assert not re.match(r"(?:What|Where|How|Who) (?:is|are|do|does|did) (?:it|they)\b", pair.question)


def test_questions_come_in_several_forms():
    openings = {
        pair.question.split()[0] for seed in range(30) for pair in write_pairs(PASSAGE, "short", seed)
    }
    assert len(openings) >= 5, openings


def test_short_answers_are_short_and_long_ones_longer():
    assert all(len(pair.answer) < 130 for pair in write_pairs(PASSAGE, "short", count=5))
    assert all(pair.answer.count(".") >= 2 for pair in write_pairs(PASSAGE, "long", count=5))


def test_as_many_pairs_as_asked_and_no_question_twice():
    pairs = write_pairs(PASSAGE, "short", count=4)
    assert len({pair.question for pair in pairs}) == 4


def test_other_seeds_ask_other_things():
    first, second = (str(write_pairs(GERMINATION.read_text("utf-8"), "short", seed)) for seed in (1, 2))
    assert first != second


def test_korean_documents_are_asked_about_in_korean():
    for passage in cut(ONDOL.read_text("utf-8")):
        for form in ("short", "long"):
            pairs = write_pairs(passage, form, title="온돌")
            assert pairs
            assert all(is_korean(pair.question) and is_korean(pair.answer) for pair in pairs)


def test_korean_particles_fit_their_nouns():
    wrong = re.compile(r"[가-힣](?:을를|를을|은는|는은)|온돌는|구들는|굴뚝가|고래이 ")
    passages = cut(ONDOL.read_text("utf-8"))
    asked = [pair.question for seed in range(5) for p in passages for pair in write_pairs(p, "long", seed)]
    assert not [question for question in asked if wrong.search(question)]


@pytest.mark.parametrize("document", [GERMINATION, ONDOL], ids=["english", "korean"])
def test_a_modest_document_fills_a_leaf(document):
    assert min(_yield_of(document.read_text("utf-8")).values()) >= 15


@pytest.mark.parametrize("name", ["chickadee.md", "swifties.md"])
def test_the_documents_of_the_real_leaves_fill_them(real_articles, name):
    assert min(_yield_of((real_articles / name).read_text("utf-8")).values()) >= 15


@pytest.mark.parametrize(
    "document", ["", "| a | b |\n|---|---|\n| 1 | 2 |", "```\nx = 1\n```", "#", "?" * 400]
)
def test_what_holds_nothing_worth_asking_gives_no_pairs(document):
    assert write_pairs(document, "short") == []


def _yield_of(text):
    asked: dict[str, list[str]] = {"short": [], "long": []}
    for form, questions in asked.items():
        for seed in range(5):
            for passage in cut(text):
                pairs = write_pairs(passage, form, seed, title=text.split("\n")[0].removeprefix("# "))
                questions += [p.question for p in pairs if passes(weigh(passage, p.question, p.answer))]
    return {form: len(distinct(questions)) for form, questions in asked.items()}
