import asyncio
import contextlib
import signal
import sys
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from seedbed.rehearsal.replies import complete
from seedbed.rehearsal.server import make_app
from tests.rehearsal.asking import PROMPTS, body_of
from tests.rehearsal.test_replies import VALUES


@contextlib.asynccontextmanager
async def served():
    runner = web.AppRunner(make_app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            yield session
    finally:
        await runner.cleanup()


async def test_models_and_health():
    async with served() as session:
        async with session.get("/v1/models") as response:
            models = await response.json()
        async with session.get("/health") as response:
            health = await response.json()
    assert [model["id"] for model in models["data"]] == ["rehearsal"]
    assert health["status"] == "ok"


async def test_a_completion_over_http_is_the_one_computed():
    body = body_of(PROMPTS[0], **VALUES)
    async with served() as session, session.post("/v1/chat/completions", json=body) as response:
        assert response.status == 200
        assert await response.json() == complete(body)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "not JSON"),
        (b"\xff\xfe", 400, "not JSON"),
        (b"[]", 400, "object"),
        (b'{"messages": []}', 400, "messages"),
        (b'{"model": "gpt", "messages": [{"role": "user", "content": "x"}]}', 404, "'gpt'"),
        (b'{"stream": true, "messages": [{"role": "user", "content": "x"}]}', 400, "stream"),
    ],
)
async def test_what_cannot_be_answered_is_refused_in_openai_s_form(body, status, said):
    async with served() as session, session.post("/v1/chat/completions", data=body) as response:
        error: dict[str, Any] = (await response.json())["error"]
        assert response.status == status
    assert said in error["message"]


async def test_the_process_says_where_it_is_and_stops_on_a_signal():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "seedbed.rehearsal", "--listen", "127.0.0.1:0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    line = (await process.stdout.readline()).decode()
    assert "rehearsal teacher" in line
    async with aiohttp.ClientSession() as session, session.get(line.split()[-1] + "/models") as response:
        assert response.status == 200
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_a_bad_address_is_named():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "seedbed.rehearsal", "--listen", "nowhere", stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 2
    assert b"HOST:PORT" in said
