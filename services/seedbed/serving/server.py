"""The HTTP face of a shelf of models: OpenAI's chats and completions, as far as they can be had here."""

import asyncio
import json
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from aiohttp import web

from seedbed.kernel.errors import InputError, NotFound
from seedbed.serving.forms import Form, refusal
from seedbed.serving.requests import Ask, ChatAsk, Refused, read_chat, read_text
from seedbed.serving.shelf import Asked, Reply, Shelf

_SHELF = web.AppKey("shelf", Shelf)
_LARGEST = 32 << 20
_LOOK = 1.0
_GONE = 499
"""Nobody hears it: whoever asked has left."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(shelf: Shelf) -> web.Application:
    """The HTTP application: chats and completions by the models that are loaded, and their list."""
    app = web.Application(middlewares=[_tell_refusals], client_max_size=_LARGEST)
    app[_SHELF] = shelf
    app.add_routes(
        [
            web.get("/health", _health),
            web.get("/v1/models", _models),
            web.get("/v1/models/{name:.+}", _model),
            web.post("/v1/chat/completions", _chat),
            web.post("/v1/completions", _complete),
        ]
    )
    return app


@web.middleware
async def _tell_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong is told in one form."""
    try:
        return await handler(request)
    except ConnectionError:
        return web.Response(status=_GONE)
    except Refused as error:
        status, said = 400, refusal(error.message, 400, error.param)
    except NotFound as error:
        status, said = 404, refusal(f"{error.message}; {error.hint}", 404, "model", "model_not_found")
    except InputError as error:
        status, said = 400, refusal(error.message, 400)
    except web.HTTPException as error:
        status = error.status
        said = refusal(f"{request.method} {request.path}: {error.reason}", status)
    except Exception as error:  # noqa: BLE001  the caller is told; the log says where
        traceback.print_exc(file=sys.stderr)
        status, said = 500, refusal(f"{type(error).__name__}: {error}", 500)
    return web.json_response(said, status=status)


async def _health(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _models(request: web.Request) -> web.Response:
    shelf = request.app[_SHELF]
    return web.json_response({"object": "list", "data": [_card(shelf, name) for name in shelf.models]})


async def _model(request: web.Request) -> web.Response:
    shelf, name = request.app[_SHELF], request.match_info["name"]
    if name not in shelf.models:
        raise NotFound(f"no model {name!r} here", hint=f"it serves: {', '.join(shelf.models)}")
    return web.json_response(_card(shelf, name))


def _card(shelf: Shelf, name: str) -> dict[str, Any]:
    card = {"id": name, "object": "model", "created": 0, "owned_by": "seedbed"}
    window = shelf.context(name)
    return card if window is None else {**card, "max_model_len": window}


async def _chat(request: web.Request) -> web.StreamResponse:
    asked = read_chat(await request.read())
    messages = [turn.message() for turn in asked.messages]
    prompt = await asyncio.to_thread(request.app[_SHELF].ask, asked.model, messages)
    return await _answer(request, asked, [prompt])


async def _complete(request: web.Request) -> web.StreamResponse:
    asked = read_text(await request.read())
    begin = request.app[_SHELF].begin
    prompts = [await asyncio.to_thread(begin, asked.model, prompt) for prompt in asked.prompts]
    return await _answer(request, asked, prompts)


async def _answer(request: web.Request, asked: Ask, prompts: list[Asked]) -> web.StreamResponse:
    form = Form(asked.model, isinstance(asked, ChatAsk))
    writing = _Writing(request.app[_SHELF], asked, prompts)
    if asked.stream:
        return await _stream(request, writing, form)
    replies = []
    async for _, what in writing.pieces(request):
        if isinstance(what, Reply):
            replies.append(what)
    return web.json_response(form.whole(replies, len(prompts)))


async def _stream(request: web.Request, writing: "_Writing", form: Form) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)

    async def send(data: str) -> None:
        await response.write(f"data: {data}\n\n".encode())

    replies: list[Reply] = []
    begun = -1
    try:
        async for number, what in writing.pieces(request):
            if number > begun:
                begun = number
                await send(json.dumps(form.begun(number)))
            if isinstance(what, Reply):
                replies.append(what)
            said = form.ended(number, what) if isinstance(what, Reply) else form.piece(number, what)
            await send(json.dumps(said))
        if writing.asked.stream_options.include_usage:
            await send(json.dumps(form.spent(replies, len(writing.prompts))))
    except ConnectionError:
        return response
    except Exception as error:  # noqa: BLE001  the answer has begun: there is no other place to say so
        traceback.print_exc(file=sys.stderr)
        await send(json.dumps(refusal(f"{type(error).__name__}: {error}", 500)))
    await send("[DONE]")
    return response


class _Writing:
    """The answers to one request, written in a thread one after another; it ends when nobody listens."""

    def __init__(self, shelf: Shelf, asked: Ask, prompts: list[Asked]) -> None:
        self.asked = asked
        self.prompts = prompts
        self._shelf = shelf
        self._left = threading.Event()

    async def pieces(self, request: web.Request) -> AsyncIterator[tuple[int, str | Reply]]:
        """Pieces of answers with the answer's number, each at last the whole of it."""
        queue: asyncio.Queue[tuple[int, str | Reply] | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def put(one: tuple[int, str | Reply] | None) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, one)

        work = asyncio.create_task(asyncio.to_thread(self._write, put))
        try:
            while True:
                try:
                    one = await asyncio.wait_for(queue.get(), _LOOK)
                except TimeoutError:
                    if request.transport is None or request.transport.is_closing():
                        raise ConnectionError from None
                    continue
                if one is None:
                    break
                yield one
            await work
        finally:
            self._left.set()

    def _write(self, put: Callable[[tuple[int, str | Reply] | None], None]) -> None:
        try:
            for number, (prompt, wish) in enumerate(self._jobs()):

                def hear(piece: str, number: int = number) -> bool:
                    if piece:
                        put((number, piece))
                    return not self._left.is_set()

                if self._left.is_set():
                    return
                put((number, self._shelf.write(prompt, wish, hear)))
        finally:
            put(None)

    def _jobs(self) -> Iterator[tuple[Asked, Any]]:
        for prompt in self.prompts:
            for number in range(self.asked.n):
                yield prompt, self.asked.wish(number)
