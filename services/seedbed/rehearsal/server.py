"""The HTTP face of the rehearsal teacher: the part of OpenAI's API that Seedbed's teacher client uses."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from seedbed.rehearsal.replies import MODEL, BadRequestError, complete

_DELAY = web.AppKey("delay", float)
_LARGEST_BODY = 32 * 1024 * 1024


def make_app(delay: float = 0.0) -> web.Application:
    """The application; each completion waits `delay` seconds first."""
    app = web.Application(client_max_size=_LARGEST_BODY)
    app[_DELAY] = delay
    app.add_routes(
        [
            web.get("/health", _health),
            web.get("/v1/models", _models),
            web.post("/v1/chat/completions", _chat),
        ]
    )
    return app


async def _health(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok", "model": MODEL})


async def _models(_request: web.Request) -> web.Response:
    card = {"id": MODEL, "object": "model", "created": 0, "owned_by": "seedbed", "max_model_len": 131_072}
    return web.json_response({"object": "list", "data": [card]})


async def _chat(request: web.Request) -> web.Response:
    try:
        asked = json.loads(await request.read())
    except ValueError as error:
        return _refuse(400, f"the body is not JSON: {error}", "invalid_request_error")
    if not isinstance(asked, dict):
        return _refuse(400, "the body must be a JSON object", "invalid_request_error")
    if asked.get("model", MODEL) != MODEL:
        return _refuse(404, f"no model {asked['model']!r} here: the only one is {MODEL!r}", "model_not_found")
    if delay := request.app[_DELAY]:
        await asyncio.sleep(delay)
    try:
        return _reply(200, complete(asked))
    except BadRequestError as error:
        return _refuse(400, str(error), "invalid_request_error")


def _refuse(status: int, message: str, kind: str) -> web.Response:
    return _reply(status, {"error": {"message": message, "type": kind, "code": status}})


def _reply(status: int, body: dict[str, Any]) -> web.Response:
    payload = json.dumps(body, ensure_ascii=False).encode()
    return web.Response(status=status, body=payload, content_type="application/json")
