"""The HTTP API of the loaded models: OpenAI's chats and completions, as far as they are supported here."""

import asyncio
import json
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

from aiohttp import web

from seedbed.kernel.errors import InputError, NotFound
from seedbed.serving.loaded_models import LoadedModels, PreparedPrompt, Reply
from seedbed.serving.requests import ChatRequest, GenerationRequest, Refused, read_chat, read_text
from seedbed.serving.responses import Form, refusal

_MODELS = web.AppKey("models", LoadedModels)
_LARGEST = 32 << 20
_LOOK = 1.0
_GONE = 499
"""Nobody hears it: whoever asked has left."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(models: LoadedModels) -> web.Application:
    """The HTTP application: chats and completions by the models that are loaded, and their list."""
    app = web.Application(middlewares=[_answer_errors], client_max_size=_LARGEST)
    app[_MODELS] = models
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
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong is answered in one form."""
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
    except Exception as error:  # noqa: BLE001  the caller gets the error; the log says where
        traceback.print_exc(file=sys.stderr)
        status, said = 500, refusal(f"{type(error).__name__}: {error}", 500)
    return web.json_response(said, status=status)


async def _health(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _models(request: web.Request) -> web.Response:
    models = request.app[_MODELS]
    return web.json_response({"object": "list", "data": [_card(models, name) for name in models.by_name]})


async def _model(request: web.Request) -> web.Response:
    models, name = request.app[_MODELS], request.match_info["name"]
    if name not in models.by_name:
        raise NotFound(f"no model {name!r} here", hint=f"it serves: {', '.join(models.by_name)}")
    return web.json_response(_card(models, name))


def _card(models: LoadedModels, name: str) -> dict[str, Any]:
    card = {"id": name, "object": "model", "created": 0, "owned_by": "seedbed"}
    window = models.context(name)
    return card if window is None else {**card, "max_model_len": window}


async def _chat(request: web.Request) -> web.StreamResponse:
    asked = read_chat(await request.read())
    messages = [turn.message() for turn in asked.messages]
    prompt = await asyncio.to_thread(request.app[_MODELS].ask, asked.model, messages)
    return await _answer(request, asked, [prompt])


async def _complete(request: web.Request) -> web.StreamResponse:
    asked = read_text(await request.read())
    begin = request.app[_MODELS].begin
    prompts = [await asyncio.to_thread(begin, asked.model, prompt) for prompt in asked.prompts]
    return await _answer(request, asked, prompts)


async def _answer(
    request: web.Request, asked: GenerationRequest, prompts: list[PreparedPrompt]
) -> web.StreamResponse:
    form = Form(asked.model, isinstance(asked, ChatRequest))
    writing = _Writing(request.app[_MODELS], asked, prompts)
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

    def __init__(self, models: LoadedModels, asked: GenerationRequest, prompts: list[PreparedPrompt]) -> None:
        self.asked = asked
        self.prompts = prompts
        self._models = models
        self._left = threading.Event()

    async def pieces(self, request: web.Request) -> AsyncIterator[tuple[int, str | Reply]]:
        """Parts of answers with the answer's number, and for each at last the complete reply."""
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
            for number, (prompt, options) in enumerate(self._jobs()):

                def hear(piece: str, number: int = number) -> bool:
                    if piece:
                        put((number, piece))
                    return not self._left.is_set()

                if self._left.is_set():
                    return
                put((number, self._models.write(prompt, options, hear)))
        finally:
            put(None)

    def _jobs(self) -> Iterator[tuple[PreparedPrompt, Any]]:
        for prompt in self.prompts:
            for number in range(self.asked.n):
                yield prompt, self.asked.options(number)
