"""A completion is read for what it is, in whichever form it comes."""

import json

import pytest

from seedbed.kernel.endpoint.openai.completion import decode, read_completion
from seedbed.kernel.errors import ReplyCut, ReplyDeclined, ReplyEmpty, ReplyFiltered

TEXT = '{"text": "fine"}'
PART = {"type": "text", "text": TEXT}
CALL = {"type": "function", "function": {"name": "json", "arguments": TEXT}}


def said(finish="stop", **message):
    return read_completion({"choices": [{"message": message, "finish_reason": finish}]})


@pytest.mark.parametrize(
    "message",
    [
        {"content": TEXT},
        {"content": [PART]},
        {"content": [{"type": "text", "text": TEXT[:5]}, {"type": "text", "text": TEXT[5:]}]},
        {"content": [TEXT]},
        {"content": [{"type": "output_text", "text": TEXT}]},
        {"content": [{"type": "text", "text": {"value": TEXT, "annotations": []}}]},
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "{}"}]},
                {"type": "text", "text": TEXT},
            ]
        },
        {"content": [{"type": "reasoning", "text": "{}"}, PART]},
        {"content": [{"type": "tool_use", "name": "json", "input": {"text": "fine"}}]},
        {"content": None, "tool_calls": [CALL]},
        {"content": "I call it.", "tool_calls": [CALL]},
        {"content": "", "tool_calls": [{"function": {"arguments": {"text": "fine"}}}]},
        {"content": None, "function_call": {"name": "json", "arguments": TEXT}},
        {"content": TEXT, "tool_calls": [], "reasoning_content": '{"text": "DRAFT"}'},
        {"content": TEXT, "reasoning": '{"text": "DRAFT"}', "reasoning_details": [{"text": "DRAFT"}]},
        {"content": TEXT, "refusal": None},
    ],
)
def test_the_answer_is_found_in_every_form(message):
    completion = said(**message)
    assert json.loads(completion.text) == {"text": "fine"}
    assert completion.fault() is None


@pytest.mark.parametrize(
    ("finish", "message", "fault", "why"),
    [
        ("length", {"content": TEXT[:8]}, ReplyCut, "cut at its limit of tokens"),
        ("max_tokens", {"content": ""}, ReplyCut, "cut at its limit"),
        ("MAX_TOKENS", {"content": TEXT}, ReplyCut, "cut at its limit"),
        ("model_length", {"content": "x"}, ReplyCut, "cut at its limit"),
        ("length", {"content": None, "reasoning_content": "x"}, ReplyCut, "while it was still reasoning"),
        ("content_filter", {"content": ""}, ReplyFiltered, "content filter kept the reply back"),
        ("content_filter: PROHIBITED_CONTENT", {}, ReplyFiltered, "content filter"),
        ("SAFETY", {"content": TEXT}, ReplyFiltered, "content filter"),
        ("guardrail_intervened", {"content": "no"}, ReplyFiltered, "content filter"),
        (
            "stop",
            {"content": None, "refusal": "I can't help."},
            ReplyDeclined,
            "refused to answer: I can't help.",
        ),
        (
            "stop",
            {"content": [{"type": "refusal", "refusal": "No."}]},
            ReplyDeclined,
            "refused to answer: No.",
        ),
        ("refusal", {"content": ""}, ReplyDeclined, "refused"),
        ("stop", {"content": None}, ReplyEmpty, "the reply is empty"),
        ("stop", {"content": " \n"}, ReplyEmpty, "the reply is empty"),
        (None, {}, ReplyEmpty, "the reply is empty"),
        ("stop", {"content": None, "reasoning": "so"}, ReplyEmpty, "empty, but for its reasoning"),
        ("stop", {"content": [{"type": "thinking", "thinking": "so"}]}, ReplyEmpty, "but for its reasoning"),
    ],
)
def test_a_reply_without_an_answer_is_named_by_its_cause(finish, message, fault, why):
    found = said(finish, **message).fault()
    assert type(found) is fault
    assert why in found.message


@pytest.mark.parametrize("reply", [{}, {"choices": None}, {"choices": [5]}, {"choices": [{"message": 5}]}])
def test_what_is_no_completion_is_empty(reply):
    assert isinstance(read_completion(reply).fault(), ReplyEmpty)


def events(*chunks, ending="\n\n", end="data: [DONE]"):
    return ending.join([*(f"data: {json.dumps(chunk)}" for chunk in chunks), end, ""]).encode()


def delta(finish=None, **change):
    return {"choices": [{"delta": change, "finish_reason": finish}]}


@pytest.mark.parametrize(
    "body",
    [
        events(delta(content=TEXT)),
        events(delta(role="assistant"), delta(content=TEXT[:3]), delta(content=TEXT[3:]), delta("stop")),
        events(delta(content=TEXT), {"choices": [], "usage": {"completion_tokens": 7}}),
        events(delta("stop", content=TEXT), ending="\r\n\r\n"),
        b": OPENROUTER PROCESSING\n\n" + events(delta(content=TEXT)),
        b"event: message\nid: 1\n" + events(delta(content=TEXT)),
        events(delta("stop", content=TEXT), end=""),
        events({"choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}]}),
        events({"choices": [{"text": TEXT}]}),
        events(delta(reasoning_content="{"), delta(content=[{"type": "text", "text": TEXT}])),
        events(
            delta(tool_calls=[{"index": 0, "function": {"name": "json", "arguments": TEXT[:4]}}]),
            delta(tool_calls=[{"index": 0, "function": {"arguments": TEXT[4:]}}]),
        ),
    ],
)
def test_a_stream_that_nobody_asked_for_is_put_together(body):
    completion = read_completion(decode(body))
    assert completion.text == TEXT
    assert completion.fault() is None


def test_a_stream_says_how_it_ended_and_what_it_cost():
    usage = {"completion_tokens": 7}
    reply = decode(events(delta(content="half"), delta("length"), {"choices": [], "usage": usage}))
    assert isinstance(read_completion(reply).fault(), ReplyCut)
    assert reply["usage"] == usage


def test_a_line_separator_inside_a_streamed_string_parts_nothing():
    body = b'data: {"choices": [{"delta": {"content": "a\xe2\x80\xa8b"}}]}\n\ndata: [DONE]\n\n'
    assert read_completion(decode(body)).text == "a\u2028b"


@pytest.mark.parametrize(
    "body", [events(delta(content=TEXT), end=""), b"data: {half", b"data: pong\n\n", b"pong", b""]
)
def test_a_stream_that_breaks_off_and_what_is_none_are_no_reply(body):
    with pytest.raises(ValueError):  # noqa: PT011  of its own kind each
        decode(body)


def test_an_error_in_a_stream_is_an_error():
    body = events(delta(content="half"), {"error": {"message": "overloaded", "code": 529}})
    assert decode(body)["error"]["code"] == 529
