"""The mock endpoint of the benchmarks: every reply valid, none a near duplicate, refusals as asked for."""

import asyncio
import contextlib
import json
from typing import Any

import aiohttp
import pytest

from benchmarks.mock_endpoint import Connection, Endpoint, Options
from benchmarks.mock_replies import complete
from seedbed.kernel.endpoint.preflight import _PROMPT as LOOK
from seedbed.pipeline.quotes import find_quote
from tests.rehearsal.asking import PROMPTS, body_of, distinct
from tests.rehearsal.test_replies import VALUES

BY_NAME = {prompt.reply.__name__: prompt for prompt in PROMPTS}


def reply_of(prompt, seed=0, acceptance=1.0, **values):
    name, payload = complete(json.dumps(body_of(prompt, seed, **{**VALUES, **values})).encode(), acceptance)
    assert name == prompt.reply.__name__
    return prompt.parse(json.loads(payload)["choices"][0]["message"]["content"])


@contextlib.asynccontextmanager
async def served(options: Options):
    endpoint = Endpoint(options)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(endpoint), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        yield session
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: prompt.reply.__name__)
def test_every_schema_gets_a_valid_reply(prompt):
    assert reply_of(prompt) == reply_of(prompt)


def test_no_two_questions_are_alike():
    questions = [
        pair.question for seed in range(100) for pair in reply_of(BY_NAME["KnowledgePairs"], seed).pairs
    ]
    assert len(distinct(questions)) == 300


def test_korean_prompts_get_korean_replies():
    document = "온돌은 아궁이에서 땐 불로 방바닥을 데우는 난방 방식이다. " * 5
    pairs = reply_of(BY_NAME["KnowledgePairs"], document=document).pairs
    assert all("무엇" in pair.question for pair in pairs)


def test_evidence_is_found_in_the_document():
    verdict = reply_of(BY_NAME["GroundedJudgement"])
    assert find_quote(verdict.evidence, VALUES["document"])


@pytest.mark.parametrize("acceptance", [0.0, 0.7, 1.0])
def test_verdicts_pass_at_the_rate_asked_for(acceptance):
    verdicts = [reply_of(BY_NAME["GroundedJudgement"], seed, acceptance) for seed in range(1000)]
    assert abs(sum(verdict.faithful for verdict in verdicts) / 1000 - acceptance) < 0.06


async def test_over_the_limit_it_refuses_at_once():
    body = body_of(PROMPTS[0], **VALUES)
    async with served(Options(delay=0.2, limit=2, retry_after=3)) as session:

        async def call() -> tuple[int, Any]:
            async with session.post("/v1/chat/completions", json=body) as response:
                return response.status, response.headers.get("Retry-After")

        answers = await asyncio.gather(*(call() for _ in range(5)))
        async with session.get("/stats") as response:
            stats = await response.json()
    assert sorted(answers, key=str) == [(200, None)] * 2 + [(429, "3")] * 3
    assert (stats["requests"], stats["refused"], stats["most_at_once"]) == (5, 3, 2)
    assert stats["by_schema"] == {"KnowledgePairs": 2}


async def test_a_look_before_a_run_is_no_call_of_it():
    async with served(Options(delay=0)) as session:
        for _ in range(2):
            async with session.post("/v1/chat/completions", json=body_of(LOOK)) as response:
                assert response.status == 200
        async with session.get("/stats") as response:
            stats = await response.json()
    assert (stats["by_schema"], stats["repeated"], stats["first"]) == ({"": 2}, 0, 0)


async def test_a_matching_body_is_a_bad_request():
    async with served(Options(delay=0, bad_request_match=b"young plant")) as session:
        async with session.post("/v1/chat/completions", json=body_of(PROMPTS[-1], **VALUES)) as response:
            assert response.status == 400
        other = {**VALUES, "document": "Stones.", "answer": "Stones."}
        async with session.post("/v1/chat/completions", json=body_of(PROMPTS[-1], **other)) as response:
            assert response.status == 200


async def test_a_large_body_in_pieces_is_read_whole():
    body = body_of(PROMPTS[-1], **{**VALUES, "document": "A long line of text stands here. " * 20_000})
    async with served(Options(delay=0)) as session:
        async with session.post("/v1/chat/completions", json=body) as response:
            assert response.status == 200
        async with session.get("/nowhere") as response:
            assert response.status == 404


async def test_a_bad_draw_stays_bad_with_another_seed():
    async with served(Options(delay=0, bad_draw=2, count_match=b"salt")) as session:

        async def ask(seed, document):
            body = body_of(BY_NAME["KnowledgePairs"], seed, **{**VALUES, "document": document})
            async with session.post("/v1/chat/completions", json=body) as answer:
                return answer.status

        asked = [(1, "tin"), (2, "salt"), (3, "salt"), (4, "tin")]
        assert [await ask(*one) for one in asked] == [200, 400, 400, 200]
        async with session.get("/stats") as answer:
            stats = await answer.json()
    assert (stats["bad"], stats["matched"]) == (2, 0)


async def test_a_look_belongs_to_no_run():
    async with served(Options(delay=0)) as session:
        async with session.post("/v1/chat/completions", json={"messages": []}) as answer:
            await answer.read()
        async with session.get("/stats") as answer:
            assert (await answer.json())["first"] == 0
