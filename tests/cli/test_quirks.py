"""The command against endpoints of many ways, several at once: all samples, or the cause by its name."""

import asyncio
import json
import signal
from collections.abc import Callable
from typing import Any

import pyarrow.parquet
import pytest
from aiohttp import web

from seedbed.rehearsal.replies import complete
from tests.cli.stage import ONE_LEAF, PATIENCE, TAXONOMY, finish, seedbed, serving, start
from tests.kernel.quirks import REASONS, Body

DRAFTS = (
    '{"pairs": [{"question": "DRAFT?", "answer": "DRAFT"}]}',
    '{"explanation": "DRAFT", "evidence": "", "faithful": 1, "relevancy": 2, "standalone": 1}',
    '{"explanation": "DRAFT", "score": 3}',
)


Change = Callable[[Body, dict[str, Any]], Any]


def thought(text: str, opening: str, closing: str) -> str:
    return f"{opening}A first try:\n" + "\n".join(DRAFTS) + f"\nThat is poor.{closing}{text}"


class Quirky:
    """The rehearsal teacher, `model` by name, as an endpoint with ways of its own."""

    def __init__(
        self, *refusals: str, change: Callable[[Body, dict[str, Any]], Any] = lambda _, reply: reply
    ) -> None:
        self.refusals = refusals
        self.change = change
        self.targets: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.models: Any = {"data": [{"id": "model"}]}
        self.asked = 0

    def app(self) -> web.Application:
        app = web.Application(client_max_size=1 << 25)
        app.router.add_post("/{path:.*}/chat/completions", self._complete)
        app.router.add_get("/{path:.*}/models", self._list)
        return app

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response(self.models, status=200 if self.models else 404)

    async def _complete(self, request: web.Request) -> web.Response:
        self.targets.append(request.raw_path)
        self.headers.append(dict(request.headers))
        self.asked += 1
        body = await request.json()
        for name in self.refusals:
            if told := REASONS[name](body):
                return web.json_response(told[1], status=told[0])
        changed = self.change(body, complete({**body, "model": "rehearsal"}))
        if isinstance(changed, web.Response):
            return changed
        return web.json_response(changed)


def rewrite(change: Callable[[dict[str, Any]], None]) -> Callable[[Body, dict[str, Any]], dict[str, Any]]:
    def changed(_: Body, reply: dict[str, Any]) -> dict[str, Any]:
        change(reply["choices"][0])
        return reply

    return changed


async def generate(
    endpoint: Quirky, tmp_path: Any, address: str = "/v1", model: str = "model", **env: str
) -> Any:
    async with serving(endpoint.app()) as base:
        return await seedbed(
            "generate",
            TAXONOMY,
            *ONE_LEAF,
            *("--target", 8, "--model", "model", "--json"),
            *("--teacher", base.removesuffix("/v1") + address),
            *("--state", tmp_path / "state", "--out", tmp_path / "out"),
            **env,
        )


def samples(tmp_path: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pyarrow.parquet.read_table(tmp_path / "out" / "samples.parquet").to_pylist()
    return found


async def test_reasoning_in_the_content_and_parameters_that_are_not_taken(tmp_path):
    def think(choice: dict[str, Any]) -> None:
        choice["message"]["content"] = thought(choice["message"]["content"], "<think>\n", "\n</think>\n\n")

    quirks = ("max_completion_tokens", "seed by FastAPI", "top_p beside temperature", "no grammar")
    ended = await generate(Quirky(*quirks, change=rewrite(think)), tmp_path)
    assert ended.code == 0, ended.err
    found = samples(tmp_path)
    assert len(found) == 8
    assert "DRAFT" not in json.dumps(found)
    for what in ("`max_completion_tokens`", "no `seed`", "no `top_p`", "no response_format"):
        assert what in ended.err


async def test_a_deployment_behind_a_gateway_that_streams_unasked(tmp_path):
    def stream(_: Body, reply: dict[str, Any]) -> web.Response:
        text = thought(reply["choices"][0]["message"]["content"], "", "</think>")
        chunks = [{"choices": [{"delta": {"content": text[i : i + 50]}}]} for i in range(0, len(text), 50)]
        events = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
        return web.Response(text=f": hello\n\n{events}data: [DONE]\n\n", content_type="text/event-stream")

    endpoint = Quirky("an object, no schema, by OpenAI", change=stream)
    endpoint.models = None
    ended = await generate(
        endpoint,
        tmp_path,
        "/gw/team%20a/model?api-version=2024-10-21",
        SEEDBED_TEACHER_HEADERS='{"api-key": "marked-key-1", "X-Tenant": "a"}',
        SEEDBED_TEACHER_PARAMETERS='{"seed": null, "reasoning_effort": "low"}',
    )
    assert ended.code == 0, ended.err
    assert len(samples(tmp_path)) == 8
    assert set(endpoint.targets) == {"/gw/team%20a/model/chat/completions?api-version=2024-10-21"}
    assert all((head["api-key"], head["X-Tenant"]) == ("marked-key-1", "a") for head in endpoint.headers)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"marked-key-1" not in written
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    asked = [step["sampling"] for step in manifest["steps"] if step["sampling"]]
    assert all(sampling["parameters"] == {"reasoning_effort": "low"} for sampling in asked)


async def test_a_model_that_is_cut_each_time_ends_its_items_by_that_name(tmp_path):
    def cut(choice: dict[str, Any]) -> None:
        choice["finish_reason"] = "length"
        choice["message"]["content"] = choice["message"]["content"][:20]

    endpoint = Quirky(change=rewrite(cut))
    endpoint.models = {"data": [{"id": "models/model"}, {"id": "openai/*"}]}
    ended = await generate(endpoint, tmp_path)
    assert ended.code != 0
    dead = await seedbed("dead", "list", "--state", tmp_path / "state", "--json")
    assert "the reply was cut at its limit of tokens" in ended.out + ended.err + dead.out


async def test_a_run_pauses_and_says_why_when_the_money_is_gone(tmp_path):
    def pay(body: Body, reply: dict[str, Any]) -> Any:
        if "Say yes" in json.dumps(body):
            return reply
        return web.json_response({"error": {"message": "Insufficient Balance"}}, status=402)

    async with serving(Quirky(change=pay).app()) as base:
        process = await start(
            *("generate", TAXONOMY, *ONE_LEAF, "--target", 8, "--teacher", base, "--model", "model"),
            *("--state", tmp_path / "state", "--out", tmp_path / "out", "--json"),
        )
        said = b""
        async with asyncio.timeout(PATIENCE):
            while b"Insufficient Balance" not in said:
                said += await process.stderr.read(1000)
        process.send_signal(signal.SIGINT)
        ended = await finish(process)
    assert "paused: HTTP 402: Insufficient Balance" in said.decode() + ended.err


@pytest.mark.parametrize("teacher", ["openai:gpt", "bedrock:m"])
async def test_a_provider_without_its_key_ends_before_the_start(teacher, tmp_path):
    ended = await seedbed(
        "generate", TAXONOMY, "--teacher", teacher, "--state", tmp_path / "state", OPENAI_API_KEY=""
    )
    assert ended.code == 2
    assert "is not set" in ended.err
    assert not (tmp_path / "state").exists()


async def test_a_provider_is_asked_where_its_variable_says(tmp_path):
    endpoint = Quirky("seed by Gemini")
    endpoint.models = {"data": [{"id": "models/gem-flash"}]}
    async with serving(endpoint.app()) as base:
        ended = await seedbed(
            *("doctor", "--teacher", "gemini:gem-flash", "--state", tmp_path, "--json"),
            GEMINI_API_KEY="marked-key-2",
            GEMINI_BASE_URL=base,
        )
    assert f"gem-flash at {base}" in ended.out
    assert "no `seed`" in ended.out
    assert "marked-key-2" not in ended.out + ended.err
    assert endpoint.headers[-1]["Authorization"] == "Bearer marked-key-2"
