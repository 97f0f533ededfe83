"""What a model thought is never taken for what it said, whatever it writes, and about what."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from seedbed.kernel.endpoint.openai.reasoning import find_answers
from seedbed.kernel.endpoint.prompt import Prompt
from seedbed.kernel.errors import MalformedReply


class Note(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str
    score: int


PROMPT = Prompt("note", "{% block system %}s{% endblock %}{% block user %}u{% endblock %}", Note)
DRAFT = '{"text": "DRAFT", "score": 0}'
REAL = '{"text": "씨앗", "score": 2}'

FAMILIES = [
    ("<think>\n", "\n</think>\n\n"),
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ('<reasoning effort="high">', "</reasoning>"),
    ("<thought>", "</thought>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|START_THINKING|>", "<|END_THINKING|><|START_RESPONSE|>"),
    ("<unused94>thought\n", "<unused95>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    (
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>",
    ),
    (
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>commentary to=functions.json <|constrain|>json<|message|>",
    ),
    ("analysisWe try: ", "assistantfinal"),
    ("Here is my thought process:\n", "\nHere is my response:\n"),
    ("", "\n</think>\n\n"),
    ("", "[/THINK]"),
    ("", "<answer>"),
]


@pytest.mark.parametrize(("opening", "closing"), FAMILIES)
@pytest.mark.parametrize(
    "thought", [f"A try: {DRAFT}\nNo.", "{", DRAFT, '{"text": "half', f"```json\n{DRAFT}\n```"]
)
def test_what_follows_the_reasoning_is_the_answer_in_every_family(opening, closing, thought):
    assert PROMPT.parse(f"{opening}{thought}{closing}{REAL}") == Note(text="씨앗", score=2)


@pytest.mark.parametrize("opening", [opening for opening, _ in FAMILIES if opening])
@pytest.mark.parametrize(
    "thought", [DRAFT, f"A try: {DRAFT}", f"{DRAFT}\n\nNo.", f"First\n\n{DRAFT}\n\nand so on"]
)
def test_nothing_in_reasoning_without_an_end_is_an_answer(opening, thought):
    with pytest.raises(MalformedReply, match="its reasoning never ends"):
        PROMPT.parse(opening + thought)


def test_an_answer_that_ends_its_reply_in_a_paragraph_of_its_own_needs_no_closing_mark():
    thought = f"<think>\nA try: {DRAFT}\nI write better ones."
    assert PROMPT.parse(f"{thought}\n\n{REAL}").text == "씨앗"
    assert PROMPT.parse(f"{thought}\n\n```json\n{REAL}\n```\n").text == "씨앗"
    assert PROMPT.parse(f"{thought}\n\n{REAL}<|im_end|>").text == "씨앗"


def test_nothing_before_the_end_of_the_reasoning_is_an_answer():
    for text in (f"{DRAFT}</think>", f"{DRAFT}\n</think>\n\nI cannot.", f"<think>{DRAFT}</think> none"):
        with pytest.raises(MalformedReply):
            PROMPT.parse(text)


@pytest.mark.parametrize(
    "says",
    [
        "</think>",
        "use <think> and </think> around it",
        f"ends with </think>{DRAFT}",
        "[/THINK] and <|channel|>final<|message|>",
        "<think>",
        "a brace } and { another",
        '{"text": "quoted", "score": 1}',
        "```json\n{}\n```",
    ],
)
@pytest.mark.parametrize(
    "around", ["{}", "<think>hm</think>{}", f"{DRAFT}</think>\n{{}}", "Sure: {}", "```\n{}\n```"]
)
def test_a_mark_inside_the_answer_is_what_it_says(says, around):
    real = json.dumps({"text": says, "score": 2})
    assert PROMPT.parse(around.replace("{}", real).replace("{{}}", real)).text == says


def test_a_mark_inside_a_draft_does_not_end_the_reasoning():
    draft = json.dumps({"text": "close it with </think>", "score": 0})
    assert PROMPT.parse(f"<think>{draft} no</think>{REAL}").text == "씨앗"
    with pytest.raises(MalformedReply, match="never ends"):
        PROMPT.parse(f"<think>{draft} no")


@pytest.mark.parametrize(
    "text",
    [
        f"{DRAFT}\nBetter:\n{REAL}",
        f"```json\n{DRAFT}\n```\nBetter: {REAL}",
        f"```json\n{DRAFT}\n```\nBetter:\n```\n{REAL}\n```\n",
        f'{REAL}\nI kept to the format {{"type": "object"}}.',
        f'not {{"like": "this}}", but}} {REAL}',
        f"{{text: 1}} {REAL}",
    ],
)
def test_of_several_tries_the_last_counts(text):
    assert PROMPT.parse(text).text == "씨앗"


@pytest.mark.parametrize(
    "text",
    [
        f'{DRAFT}\nBetter: {{"text": "cut',
        f'{DRAFT}\nBetter: {{"text": "no score"}}',
        f'{{"notes": [{DRAFT}, oops]}}',
        f'{{"notes": [{DRAFT}, {{"text": "cut',
        f'{{"note": {DRAFT}}}',
    ],
)
def test_no_draft_stands_in_for_an_answer_that_is_broken_and_nothing_inside_another_object_does(text):
    with pytest.raises(MalformedReply):
        PROMPT.parse(text)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(["</think>", "<think>", '{"a": 1}', "```"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(), values, min_size=1, max_size=4)
# Prose may hold what looks like JSON, but no object that begins and does not end.
prose = st.text(st.characters(exclude_characters='{"<[◁'), max_size=60).filter(
    lambda text: "assistantfinal" not in text.lower() and "here" not in text.lower()
)
sketches = st.one_of(
    prose,
    objects.map(json.dumps),
    st.sampled_from(['{"pairs": [', '{"a": "b', "{", "{this}", '{"a": 1,}', "```json", '"', "\\boxed{", "}"]),
)
thoughts = st.lists(sketches, max_size=4).map("\n".join)


@settings(deadline=None, max_examples=300)
@given(objects, thoughts, st.sampled_from(FAMILIES), prose, prose, st.booleans(), st.booleans())
def test_any_object_comes_back_whatever_stands_around_it(
    answer, thought, family, before, after, fenced, ascii_only
):
    written = json.dumps(answer, ensure_ascii=ascii_only)
    said = f"```json\n{written}\n```" if fenced else written
    found = find_answers(f"{family[0]}{thought}{family[1]}{before}{said}{after}")
    assert found.objects[-1] == answer
    assert not found.cut
    assert not found.thinking


@settings(deadline=None, max_examples=300)
@given(objects, prose, prose)
def test_any_object_comes_back_where_nothing_was_thought(answer, before, after):
    found = find_answers(f"{before}{json.dumps(answer)}{after}")
    assert found.objects == [answer]


@settings(deadline=None, max_examples=300)
@given(st.text(st.sampled_from('{"}\\:, \n<think>/')), st.integers(1, 400))
def test_no_reply_breaks_the_reader(text, times):
    find_answers(text * times)


@pytest.mark.parametrize(
    "noise",
    ["\n" * 200_000, '{"\\"' + '\\"' * 100_000, "`" * 100_000, "<think>" * 50_000, '{"a":"</think>"}' * 500],
)
def test_noise_is_read_in_one_go(noise):
    assert find_answers(f"<think>{noise}").thinking
    find_answers(f"{noise}{REAL}{noise}!")
