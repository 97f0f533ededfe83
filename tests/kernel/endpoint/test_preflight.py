import asyncio
import contextlib
import socket
import time
from typing import Any

import pytest
from aiohttp import web

from seedbed.judge.steps import JudgeGrounded, JudgeInstruction, JudgePair
from seedbed.kernel.endpoint.chat_client import Endpoint as Address
from seedbed.kernel.endpoint.preflight import SAMPLING, PreflightReply, check_endpoint
from seedbed.kernel.errors import InputError
from seedbed.kernel.work.step import Step
from seedbed.knowledge.steps import AugmentChunk, RetellChunk, WritePairs
from seedbed.skills.steps import WriteContext, WriteInstructions, WriteResponse
from tests.kernel.fake_endpoint import fault, in_turn, reply

STEPS: tuple[type[Step[Any, Any]], ...] = (
    *(WritePairs, AugmentChunk, RetellChunk, WriteInstructions, WriteResponse, WriteContext),
    *(JudgeInstruction, JudgePair, JudgeGrounded),
)


def models(*names):
    return web.json_response({"data": [{"id": name} for name in names]})


async def refusal(endpoint, *, url="", key="", model="tiny", patience=5.0) -> InputError:
    with pytest.raises(InputError) as caught:
        await check_endpoint(Address(url or endpoint.url, model, api_key=key), patience)
    return caught.value


async def test_an_endpoint_that_answers_is_fine(endpoint):
    await check_endpoint(Address(endpoint.url, "tiny", api_key="sk-1"))
    assert [headers["Authorization"] for headers in endpoint.headers] == ["Bearer sk-1"] * 2
    [body] = endpoint.bodies
    assert body["response_format"]["type"] == "json_schema"
    assert {"seed", "temperature", "top_p", "max_tokens"} <= body.keys()


@pytest.mark.parametrize("listed", [lambda: fault(404), models, lambda: web.json_response({"data": 5})])
async def test_one_that_lists_no_models_is_fine(endpoint, listed):
    endpoint.models = listed()
    await check_endpoint(Address(endpoint.url, "tiny"))


async def test_nobody_there(endpoint):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = await refusal(endpoint, url=f"http://127.0.0.1:{port}/v1")
    assert "cannot be reached" in error.message
    assert f":{port}/v1" in error.message
    assert "/v1" in error.hint


@pytest.mark.parametrize("url", ["nowhere", "http://", "ftp://host/v1", "http://no-such-host.invalid/v1"])
async def test_no_address(endpoint, url):
    assert "cannot be reached" in (await refusal(endpoint, url=url)).message


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(("key", "what"), [("sk-wrong", "the API key"), ("", "requests without an API key")])
async def test_the_key_is_refused(endpoint, status, key, what):
    endpoint.models = fault(status)
    endpoint.answer = lambda _: fault(status)
    error = await refusal(endpoint, key=key)
    assert f"refuses {what} (HTTP {status})" in error.message
    assert "--api-key-env" in error.hint
    assert "sk-wrong" not in f"{error.message}{error.hint}"


async def test_a_key_that_may_not_list_models_is_fine(endpoint):
    endpoint.models = fault(403, "missing scopes: api.model.read")
    await check_endpoint(Address(endpoint.url, "tiny", api_key="sk-1"))


async def test_the_key_is_refused_only_when_asked(endpoint):
    endpoint.answer = lambda _: fault(401)
    assert "refuses" in (await refusal(endpoint)).message


async def test_an_unknown_model_is_told_with_those_there_are(endpoint):
    endpoint.models = models(*(f"m{number}" for number in range(9)))
    error = await refusal(endpoint)
    assert "does not know the model 'tiny'" in error.message
    assert error.hint == "it serves: m0, m1, m2, m3, m4, m5, m6, m7, …"
    assert endpoint.bodies == []


async def test_an_unknown_model_where_none_are_listed(endpoint):
    endpoint.models = fault(404)
    endpoint.answer = lambda _: fault(404, "no model tiny")
    assert "no model 'tiny'" in (await refusal(endpoint)).message


@pytest.mark.parametrize("where", ["models", "answer"])
async def test_html(endpoint, where):
    page = "<!doctype html><title>Welcome</title>"
    if where == "models":
        endpoint.models = web.Response(text=page, content_type="text/html")
    else:
        endpoint.answer = lambda _: web.Response(text=page, content_type="text/html")
    error = await refusal(endpoint)
    assert "answers HTML instead of an OpenAI-style reply" in error.message
    assert "Welcome" in error.message


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (web.Response, "answers nothing"),
        (lambda: web.Response(text="pong"), "answers no JSON"),
        (lambda: web.json_response([1]), "no OpenAI-style object"),
        (lambda: web.json_response({"choices": []}), "without any choices"),
        (lambda: web.json_response({"choices": {"a": 1}}), "without any choices"),
        (lambda: fault(400, "bad model"), "answers HTTP 400"),
        (lambda: fault(500, "oops"), "oops"),
        (lambda: None, "cannot be reached: Server disconnected"),
    ],
)
async def test_an_answer_that_is_none(endpoint, answer, what):
    endpoint.answer = lambda _: answer()
    assert what in (await refusal(endpoint)).message


async def test_an_empty_reply_is_an_answer(endpoint):
    endpoint.answer = lambda _: reply("")
    await check_endpoint(Address(endpoint.url, "tiny"))


@pytest.mark.parametrize("talks", [False, True])
async def test_one_that_hangs_is_named_within_the_patience(endpoint, talks):
    gone = asyncio.Event()

    async def hang(reader, writer):
        with contextlib.suppress(ConnectionError):
            if talks:
                # Beginning to answer is not answering.
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{")
            while await reader.read(1000):
                pass
        writer.close()
        gone.set()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    began = time.monotonic()
    error = await refusal(endpoint, url=f"http://127.0.0.1:{port}/v1", patience=0.3)
    await gone.wait()
    server.close()
    assert time.monotonic() - began < 10
    assert "did not answer within 0.3 seconds" in error.message
    assert "loaded" in error.hint


async def test_two_slow_answers_share_one_patience(endpoint):
    class Slow(web.Response):
        async def prepare(self, request):
            await asyncio.sleep(0.25)
            return await super().prepare(request)

    endpoint.models = fault(404)
    endpoint.answer = lambda _: Slow(text="{}")
    assert "did not answer" in (await refusal(endpoint, patience=0.2)).message


def test_the_look_asks_as_the_steps_of_each_role_do():
    """What no look has asked for is refused in the middle of a run."""
    for step in STEPS:
        assert step.role
        assert step.prompt
        asked, look = step.sampling, SAMPLING[step.role]
        assert asked.max_tokens <= look.max_tokens
        assert bool(asked.top_p) == bool(look.top_p)
        assert (asked.temperature == 0) == (look.temperature == 0)
        assert keywords(step.prompt.schema) <= keywords(PreflightReply.model_json_schema())


def keywords(schema):
    """The words of JSON Schema that a schema uses."""
    if isinstance(schema, list):
        return set().union(*map(keywords, schema))
    if not isinstance(schema, dict):
        return set()
    inner = [value for name, value in schema.items() if name not in ("properties", "$defs")]
    inner += [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    return {name for name in schema if name != "description"}.union(*map(keywords, inner))


async def test_a_model_that_thinks_for_long_is_asked_for_less(endpoint):
    class Slow(web.Response):
        async def prepare(self, request):
            await asyncio.sleep(5)
            return await super().prepare(request)

    endpoint.answer = lambda body: reply("") if body["max_tokens"] <= 16 else Slow()
    await check_endpoint(Address(endpoint.url, "tiny"), patience=1)
    assert [body["max_tokens"] for body in endpoint.bodies] == [4096, 16]


async def test_a_context_that_a_refusal_tells_is_found(endpoint):
    message = "This model's maximum context length is 2048 tokens. However, you requested 4106 tokens"
    endpoint.answer = lambda body: reply("") if body["max_tokens"] <= 2000 else fault(400, message)
    found = await check_endpoint(Address(endpoint.url, "tiny"))
    assert found.context == 2048
    assert found.notes == ("a context of 2,048 tokens",)


@pytest.mark.parametrize("status", [402, 429, 400])
async def test_an_account_without_money_is_said_before_the_start(endpoint, status):
    endpoint.answer = lambda _: fault(status, "insufficient_quota: check your billing")
    error = await refusal(endpoint)
    assert f"HTTP {status}: insufficient_quota" in error.message
    assert len(endpoint.bodies) == 1


async def test_one_that_is_only_busy_is_asked_again(endpoint):
    endpoint.answer = in_turn(
        lambda: fault(429), lambda: fault(503, **{"Retry-After": "0.1"}), lambda: reply("")
    )
    await check_endpoint(Address(endpoint.url, "tiny"))
    assert len(endpoint.bodies) == 3


async def test_one_that_stays_busy_is_named(endpoint):
    endpoint.answer = lambda _: fault(429, "too many of you")
    assert "HTTP 429: too many of you" in (await refusal(endpoint)).message


async def test_one_that_is_busy_for_long_is_named_at_once(endpoint):
    endpoint.answer = lambda _: fault(429, "come back tomorrow", **{"Retry-After": "80000"})
    assert "come back tomorrow" in (await refusal(endpoint)).message
    assert len(endpoint.bodies) == 1


async def test_a_list_with_a_wildcard_does_not_name_all_models(endpoint):
    endpoint.models = models("openai/*", "anthropic/*")
    await check_endpoint(Address(endpoint.url, "tiny"))


async def test_a_refusal_within_a_200_is_one(endpoint):
    error = {"error": {"message": "seed is not supported", "code": 400}}
    endpoint.answer = lambda body: web.json_response(error) if "seed" in body else reply("")
    assert (await check_endpoint(Address(endpoint.url, "tiny"))).notes == ("no `seed`: left out",)
