"""The HTTP face of a shelf of models: the part of OpenAI's API that chats and our teacher client use."""

import asyncio
import time
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

from seedbed.kernel.errors import InputError, NotFound
from seedbed.serving.shelf import Reply, Shelf, Wish

_SHELF = web.AppKey("shelf", Shelf)
# Answered as if they were not there, they would be broken in silence.
_UNKNOWN = ("response_format", "structured_outputs", "tools", "logprobs", "stop")


class Turn(BaseModel):
    """One message of a conversation."""

    role: str
    content: str


class Asked(BaseModel):
    """What a request may hold."""

    model: str
    messages: Annotated[list[Turn], Field(min_length=1)]
    max_tokens: Annotated[int, Field(ge=1)] = 512
    temperature: Annotated[float, Field(ge=0)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    seed: int | None = None
    n: Annotated[int, Field(ge=1, le=1)] = 1
    stream: Annotated[bool, Field(strict=True)] = False


def make_app(shelf: Shelf) -> web.Application:
    """The application."""
    app = web.Application()
    app[_SHELF] = shelf
    app.add_routes(
        [
            web.get("/health", _health),
            web.get("/v1/models", _models),
            web.post("/v1/chat/completions", _chat),
        ]
    )
    return app


async def _health(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _models(request: web.Request) -> web.Response:
    shelf = request.app[_SHELF]
    cards = [
        {"id": name, "object": "model", "owned_by": "seedbed", "max_model_len": shelf.context(name)}
        for name in shelf.models
    ]
    return web.json_response({"object": "list", "data": cards})


async def _chat(request: web.Request) -> web.Response:
    try:
        body = await request.json()
        asked = Asked.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        return _refuse(400, f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
    except ValueError as error:
        return _refuse(400, f"the body is not JSON: {error}")
    unknown = [name for name in _UNKNOWN if body.get(name)]
    if unknown or asked.stream:
        return _refuse(400, f"{', '.join(unknown) or 'stream'} is not supported here; vLLM does it")
    try:
        reply = await asyncio.to_thread(_answer, request.app[_SHELF], asked)
    except NotFound as error:
        return _refuse(404, f"{error.message}; {error.hint}")
    except InputError as error:
        return _refuse(400, error.message)
    return web.json_response(_describe(asked.model, reply))


def _answer(shelf: Shelf, asked: Asked) -> Reply:
    wish = Wish(asked.max_tokens, asked.temperature, asked.top_p, asked.seed)
    return shelf.answer(asked.model, [turn.model_dump() for turn in asked.messages], wish)


def _describe(model: str, reply: Reply) -> dict[str, Any]:
    spent = {
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
        "total_tokens": reply.prompt_tokens + reply.completion_tokens,
    }
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": reply.text},
        "finish_reason": "stop" if reply.whole else "length",
    }
    return {
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [choice],
        "usage": spent,
    }


def _refuse(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"message": message, "code": status}}, status=status)
