"""A chat endpoint over real HTTP that answers as a test tells it; it can go away and come back."""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

Answer = Callable[[dict[str, Any]], web.StreamResponse | None]


class Endpoint:
    """`answer` gets each request's body; None drops the connection."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.listed = 0
        self.models: web.Response | None = None
        self.answer: Answer = lambda _: reply('{"text": "fine"}')
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    async def start(self) -> None:
        """Listen, at the same port as before where there was one."""
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/v1/models", self._models)
        self._runner = web.AppRunner(app, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Go away."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def _models(self, request: web.Request) -> web.StreamResponse:
        self.listed += 1
        self.headers.append(dict(request.headers))
        # A prepared response serves once.
        kept = self.models
        if kept is None:
            return web.json_response({"data": [{"id": "tiny"}]})
        return web.Response(status=kept.status, body=kept.body, headers=kept.headers)

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        answer = self.answer(body)
        if answer is None:
            assert request.transport
            request.transport.close()
            return web.Response()
        return answer


def reply(content: str | None, **usage: Any) -> web.Response:
    """A chat completion."""
    spent = usage or {"prompt_tokens": 10, "completion_tokens": 5}
    return web.json_response({"choices": [{"message": {"content": content}}], "usage": spent})


def fault(status: int, message: str = "no", **headers: str) -> web.Response:
    """A refusal."""
    text = json.dumps({"error": {"message": message}})
    return web.Response(status=status, text=text, content_type="application/json", headers=headers)


def in_turn(*answers: Callable[[], web.StreamResponse | None]) -> Answer:
    """One answer after another; the last one stays."""
    left = list(answers)
    return lambda _: (left.pop(0) if len(left) > 1 else left[0])()
