import pytest
from aiohttp.test_utils import TestClient, TestServer

from seedbed.serving.server import make_app

ASKED = {"model": "tuned", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 4}


@pytest.fixture
async def client(shelf):
    async with TestClient(TestServer(make_app(shelf))) as client:
        yield client


async def post(client, **changes):
    async with client.post("/v1/chat/completions", json={**ASKED, **changes}) as answer:
        return answer.status, await answer.json()


async def test_it_says_what_it_serves(client):
    async with client.get("/v1/models") as answer:
        rows = (await answer.json())["data"]
    assert {row["id"]: row["max_model_len"] for row in rows} == {"base": 8192, "tuned": 8192}


async def test_it_answers_in_openais_form(client):
    status, body = await post(client)
    assert status == 200
    assert body["choices"][0]["message"]["role"] == "assistant"
    assert body["usage"]["completion_tokens"] == 4
    assert body["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"response_format": {"type": "json_schema"}}, 400, "response_format is not supported"),
        ({"stream": True}, 400, "stream is not supported"),
        ({"messages": []}, 400, "messages"),
        ({"temperature": -1}, 400, "temperature"),
        ({"n": 2}, 400, "n:"),
        ({"model": "other"}, 404, "base, tuned"),
    ],
)
async def test_what_it_cannot_do_is_refused_and_named(client, changes, status, words):
    answered, body = await post(client, **changes)
    assert answered == status
    assert words in body["error"]["message"]


async def test_a_body_that_is_no_json_is_refused(client):
    async with client.post("/v1/chat/completions", data=b"<html>") as answer:
        assert answer.status == 400
