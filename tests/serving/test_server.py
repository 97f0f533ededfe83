import asyncio
import json
from queue import Queue

import pytest
from aiohttp.test_utils import TestClient, TestServer

from seedbed.serving.loaded_models import Reply
from seedbed.serving.server import make_app

ASKED = {"model": "tuned", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 4}
TEXT = {"model": "tuned", "prompt": "The seed", "max_tokens": 4}
CHATS, TEXTS = "/v1/chat/completions", "/v1/completions"


@pytest.fixture
async def client(models):
    async with TestClient(TestServer(make_app(models))) as client:
        yield client


async def post(client, path=CHATS, body=ASKED, **changes):
    async with client.post(path, json={**body, **changes}) as answer:
        return answer.status, await answer.json()


async def stream(client, path=CHATS, body=ASKED, **changes):
    """The pieces that come, each as it was sent."""
    async with client.post(path, json={**body, "stream": True, **changes}) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        events = (await answer.text()).split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    return [json.loads(event.removeprefix("data: ")) for event in events[:-2]]


async def test_it_says_what_it_serves(client):
    async with client.get("/v1/models") as answer:
        rows = (await answer.json())["data"]
    assert {row["id"]: row["max_model_len"] for row in rows} == {"base": 8192, "tuned": 8192}
    async with client.get("/v1/models/base") as answer:
        assert (await answer.json())["id"] == "base"


async def test_it_answers_in_openais_form(client):
    status, body = await post(client)
    assert status == 200
    assert body["id"].startswith("chatcmpl-")
    assert body["choices"][0]["message"]["role"] == "assistant"
    assert body["usage"]["completion_tokens"] == 4
    assert body["choices"][0]["finish_reason"] == "length"


async def test_a_text_is_gone_on_with(client):
    status, body = await post(client, TEXTS, TEXT)
    assert (status, body["object"]) == (200, "text_completion")
    assert body["choices"][0]["finish_reason"] == "length"
    words = await post(client, TEXTS, TEXT, prompt=["The seed", "A root"], n=2, temperature=1, seed=3)
    assert [choice["index"] for choice in words[1]["choices"]] == [0, 1, 2, 3]
    assert words[1]["usage"]["completion_tokens"] == 16
    # A prompt is read once, however many answers it has.
    each = [
        (await post(client, TEXTS, TEXT, prompt=prompt))[1]["usage"]["prompt_tokens"]
        for prompt in ("The seed", "A root")
    ]
    assert words[1]["usage"]["prompt_tokens"] == sum(each)
    status, body = await post(client, TEXTS, TEXT, prompt=[1, 2, 3])
    assert (status, body["usage"]["prompt_tokens"]) == (200, 3)


async def test_what_is_streamed_is_what_is_answered(client):
    for path, body in ((CHATS, ASKED), (TEXTS, TEXT)):
        long = {**body, "max_tokens": 24, "n": 2, "temperature": 1, "seed": 5}
        whole = (await post(client, path, long))[1]
        pieces = await stream(client, path, long, stream_options={"include_usage": True})
        assert pieces[-1]["usage"] == whole["usage"]
        assert pieces[-1]["choices"] == []
        said = {0: "", 1: ""}
        for piece in pieces[:-1]:
            (choice,) = piece["choices"]
            said[choice["index"]] += choice["text"] if path == TEXTS else choice["delta"].get("content", "")
        texts = [
            choice["text"] if path == TEXTS else choice["message"]["content"] for choice in whole["choices"]
        ]
        assert list(said.values()) == texts
        assert len(pieces) > 5


async def test_several_answers_are_made_by_chances_of_their_own(client):
    body = (await post(client, n=3, temperature=1, seed=1, max_tokens=12))[1]
    assert len({choice["message"]["content"] for choice in body["choices"]}) == 3
    again = (await post(client, n=3, temperature=1, seed=1, max_tokens=12))[1]
    assert again["choices"] == body["choices"]


async def test_it_stops_before_a_text_that_shall_end_it(client):
    whole = (await post(client, max_tokens=24))[1]["choices"][0]["message"]["content"]
    stop = whole[8:11]
    for given in (stop, ["never said", stop]):
        _, body = await post(client, max_tokens=24, stop=given)
        choice = body["choices"][0]
        assert choice["message"]["content"] == whole[: whole.index(stop)].strip()
        assert choice["finish_reason"] == "stop"
        assert body["usage"]["completion_tokens"] < 24
    pieces = await stream(client, max_tokens=24, stop=stop)
    said = "".join(piece["choices"][0]["delta"].get("content", "") for piece in pieces)
    assert said == whole[: whole.index(stop)].strip()


async def test_penalties_change_what_is_said(client):
    plain = (await post(client, max_tokens=24))[1]["choices"]
    for name in ("presence_penalty", "frequency_penalty"):
        assert (await post(client, max_tokens=24, **{name: 2}))[1]["choices"] != plain
        assert (await post(client, max_tokens=24, **{name: 0}))[1]["choices"] == plain


@pytest.mark.parametrize("seed", [0, -1, 2**31, 2**63, -(2**63), 2**64 - 1, 10**40, None])
async def test_any_whole_number_is_a_seed(client, seed):
    assert (await post(client, seed=seed, temperature=1, n=2))[0] == 200


async def test_the_names_of_the_limit_are_two(client):
    assert (await post(client, max_tokens=None, max_completion_tokens=3))[1]["usage"][
        "completion_tokens"
    ] == 3
    assert (await post(client, max_tokens=9, max_completion_tokens=3))[1]["usage"]["completion_tokens"] == 3


async def test_what_asks_for_nothing_is_taken(client):
    plain = (await post(client))[1]["choices"]
    nothing = {
        **dict.fromkeys(("stop", "n", "top_p", "logit_bias", "tools", "response_format", "user"), None),
        "logprobs": False,
        "response_format": {"type": "text"},
        "tool_choice": "auto",
        "metadata": {"a": "b"},
        "store": False,
        "stream": False,
    }
    assert (await post(client, **nothing))[1]["choices"] == plain
    parts = [{"role": "user", "content": [{"type": "text", "text": "Hello"}], "name": None}]
    assert (await post(client, messages=parts))[1]["choices"] == plain
    # As a client sends back what it was answered.
    answered: dict[str, object] = {
        "role": "assistant",
        "content": "Hi",
        "refusal": None,
        "tool_calls": None,
        "annotations": [],
    }
    hello = {"role": "user", "content": "Hello"}
    assert (await post(client, messages=[hello, answered, hello]))[0] == 200


@pytest.mark.parametrize(
    ("changes", "status", "words", "param"),
    [
        (
            {"response_format": {"type": "json_schema"}},
            400,
            "response_format is not supported",
            "response_format",
        ),
        ({"tools": [{"type": "function"}]}, 400, "tools is not supported", "tools"),
        ({"logprobs": True}, 400, "logprobs is not supported", "logprobs"),
        ({"logit_bias": {"1": 2}}, 400, "logit_bias is not supported", "logit_bias"),
        ({"messages": []}, 400, "messages", "messages"),
        ({"messages": [{"role": "user", "content": None}]}, 400, "must be text", "messages.0.content"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, 400, "'image_url'", None),
        ({"messages": [{"role": "seed", "content": "x"}]}, 400, "messages.0.role", "messages.0.role"),
        ({"messages": [{"role": "user", "content": "\ud83d"}]}, 400, "half a character", None),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"id": "1"}]}]},
            400,
            "tool_calls is not supported",
            "messages.0.tool_calls",
        ),
        ({"temperature": -1}, 400, "temperature", "temperature"),
        ({"temperature": float("inf")}, 400, "temperature", "temperature"),
        ({"n": 200}, 400, "n:", "n"),
        ({"seed": "seven"}, 400, "seed", "seed"),
        ({"presence_penalty": 3}, 400, "presence_penalty", "presence_penalty"),
        ({"stop": [""]}, 400, "stop", "stop.0"),
        ({"surprise": 1}, 400, "Unrecognized request argument supplied: surprise", "surprise"),
        ({"model": "other"}, 404, "base, tuned", "model"),
    ],
)
async def test_what_it_cannot_do_is_refused_and_named(client, changes, status, words, param):
    answered, body = await post(client, **changes)
    assert answered == status
    assert words in body["error"]["message"]
    assert body["error"]["type"] == "invalid_request_error"
    if param:
        assert body["error"]["param"] == param


@pytest.mark.parametrize("data", [b"<html>", b"[]", b"\xff", b"", b"null", b"[" * 100_000])
@pytest.mark.parametrize("path", [CHATS, TEXTS])
async def test_a_body_that_is_no_json_is_refused(client, data, path):
    async with client.post(path, data=data) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["type"] == "invalid_request_error"


async def test_a_conversation_beyond_the_window_is_told_both_numbers(client):
    messages = [{"role": "user", "content": "seed " * 9000}]
    status, body = await post(client, messages=messages)
    assert status == 400
    assert "tokens to read, and tuned has a window of 8192" in body["error"]["message"]


@pytest.mark.parametrize(("method", "path"), [("GET", CHATS), ("POST", "/v1/models"), ("GET", "/nothing")])
async def test_what_is_not_there_is_told_in_the_same_form(client, method, path):
    async with client.request(method, path) as answer:
        assert answer.status in (404, 405)
        assert (await answer.json())["error"]["message"]


async def test_an_answer_that_nobody_hears_any_more_is_broken_off(client, models, monkeypatch):
    written: Queue[Reply] = Queue()
    write = models.write

    def note(*arguments):
        written.put(write(*arguments))

    monkeypatch.setattr(models, "write", note)
    answer = await client.post(CHATS, json={**ASKED, "max_tokens": 8000, "stream": True})
    assert isinstance(answer.content.read_nowait(), bytes)
    await answer.content.readany()
    answer.close()
    assert (await asyncio.to_thread(written.get)).completion_tokens < 4000


async def test_a_fault_of_ours_is_told_in_the_same_form(client, models, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(models, "write", fail)
    status, body = await post(client)
    assert status == 500
    assert body["error"] == {
        "message": "ZeroDivisionError: by nothing",
        "type": "server_error",
        "param": None,
        "code": None,
    }
    assert "by nothing" in (await stream(client))[-1]["error"]["message"]
