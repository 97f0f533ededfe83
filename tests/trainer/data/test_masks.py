"""Masks: right for any chat template, and templates that drop or alter turns are found out."""

import pytest

from seedbed.trainer.data.masks import (
    NoTemplate,
    NotRendered,
    check_template,
    make_sample,
    prepare_messages,
    render,
)
from seedbed.trainer.data.rows import Row
from tests.trainer.students import WORDS, tokenizer

CHATML = """{% for m in messages %}<|user|>{{ m['role'] }}
{{ m['content'] }}<|end|>
{% endfor %}"""
TRIMMING = """{% for m in messages %}<|user|>{{ m['role'] }}: {{ m['content'] | trim }} <|end|>
{% endfor %}"""
FOLDING = """{% if messages[0]['role'] == 'system' %}\
{% set s = messages[0]['content'] %}{% set ms = messages[1:] %}\
{% else %}{% set s = '' %}{% set ms = messages %}{% endif %}\
{% for m in ms %}{% if m['role'] == 'user' %}[INST] {{ s if loop.first else '' }} {{ m['content'] }} [/INST]\
{% else %}{{ m['content'] }}{{ eos_token }}{% endif %}{% endfor %}"""
ENDLESS = "{% for m in messages %}### {{ m['role'] }}\n{{ m['content'] }}\n\n{% endfor %}"
THINKING = """{% for m in messages %}<|user|>\
{% if m.reasoning_content %}({{ m.reasoning_content }}){% endif %}\
{{ m['content'] }}<|end|>{% endfor %}"""

SYSTEM = {"role": "system", "content": "be kind"}
USER = {"role": "user", "content": "when do seeds wake"}
ANSWER = {"role": "assistant", "content": " when water comes "}
MORE = {"role": "user", "content": "and then"}
LAST = {"role": "assistant", "content": "they grow"}
TALK = (SYSTEM, USER, ANSWER, MORE, LAST)


@pytest.fixture(scope="module")
def made():
    return tokenizer((WORDS, "be kind", "when do seeds wake", "and then they grow"))


@pytest.fixture
def talks(made):
    def use(template):
        made.chat_template = template
        return made

    before = made.chat_template
    yield use
    made.chat_template = before


def counted_text(made, messages, *, unmask=False):
    sample = make_sample(made, Row("1", tuple(messages), unmask), "keep")
    pieces, piece = [], []
    for token, counts in zip(sample.ids, sample.counted, strict=True):
        if counts:
            piece.append(token)
        elif piece:
            pieces.append(piece)
            piece = []
    return [made.decode(piece) for piece in [*pieces, *([piece] if piece else [])]]


@pytest.mark.parametrize("template", [CHATML, TRIMMING, FOLDING])
def test_the_assistants_words_and_their_end_count(talks, template):
    found = [text.replace(" <", "<") for text in counted_text(talks(template), TALK)]
    assert [text.strip() for text in found] == ["when water comes<|end|>", "they grow<|end|>"]


@pytest.mark.parametrize("template", [CHATML, TRIMMING, FOLDING])
def test_unmasked_all_but_the_systems_words_count(talks, template):
    found = " ".join(counted_text(talks(template), TALK, unmask=True))
    for message in (USER, ANSWER, MORE, LAST):
        assert message["content"].strip() in found
    assert "kind" not in found


def test_our_own_template_too(made):
    assert counted_text(made, TALK) == [" when water comes <|end|>", "they grow<|end|>"]


def test_the_tokens_are_those_of_the_text_itself(talks):
    made = talks(CHATML)
    sample = make_sample(made, Row("1", TALK, unmask=False), "keep")
    text = made.apply_chat_template(list(TALK), tokenize=False)
    assert list(sample.ids) == made(text, add_special_tokens=False)["input_ids"]


def test_where_a_template_has_no_end_one_is_put_there(talks):
    assert counted_text(talks(ENDLESS), (USER, LAST)) == ["they grow<|end|>"]


def test_thoughts_count_where_the_template_shows_them(talks):
    thinking = {**LAST, "reasoning_content": "water comes"}
    found = "".join(counted_text(talks(THINKING), (USER, thinking)))
    assert "water comes" in found
    assert "they grow<|end|>" in found
    assert counted_text(talks(CHATML), (USER, thinking)) == ["they grow<|end|>"]


def test_characters_of_several_tokens_are_counted_whole(made):
    sample = make_sample(
        made, Row("1", (USER, {"role": "assistant", "content": "씨앗이 깨어난다"}), unmask=False), "keep"
    )
    counted = [token for token, counts in zip(sample.ids, sample.counted, strict=True) if counts]
    assert made.decode(counted) == "씨앗이 깨어난다<|end|>"


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ messages[-1]['content'] }}", "leaves out message 1, of the system"),
        (
            CHATML.replace("in messages", "in messages if m['role'] != 'user'"),
            "leaves out message 2, of the user",
        ),
        (CHATML.replace("{{ m['content'] }}", "{{ m['content'] }}{{ m['content'] }}"), "repeats message 1"),
        (CHATML.replace("in messages", "in messages | reverse"), "changes the order"),
        (CHATML.replace("m['content']", "m['content'] | upper"), "alters the text"),
        (CHATML.replace("m['content']", "m['content'][:9]"), "alters the text|cuts off the end"),
        (CHATML.replace("m['content']", "m['content'][-9:]"), "cuts off the beginning|alters the text"),
        ("{{ raise_exception('no system messages') }}", "refuses it: no system messages"),
        ("{{ messages[0]['nothing']['at all'] }}", "refuses it"),
    ],
)
def test_templates_that_drop_or_alter_turns_are_found_out(talks, template, why):
    with pytest.raises(NotRendered, match=why):
        render(talks(template), TALK, unmask=False)


def test_system_messages_may_be_merged_or_dropped():
    merged = prepare_messages(TALK, "merge")
    assert merged[0] == {"role": "user", "content": "be kind\n\nwhen do seeds wake"}
    assert [m["role"] for m in prepare_messages(TALK, "drop")] == ["user", "assistant", "user", "assistant"]
    assert prepare_messages(TALK, "keep") == list(TALK)


def test_a_model_without_a_template_is_refused(talks):
    with pytest.raises(NoTemplate, match="no chat template"):
        check_template(talks(None), "plain")


def test_marks_in_the_text_do_no_harm(made):
    odd = {"role": "assistant", "content": "\ue000 seeds \ue001"}
    assert counted_text(made, (USER, odd)) == ["\ue000 seeds \ue001<|end|>"]
