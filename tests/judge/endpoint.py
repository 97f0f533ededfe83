"""A tiny chat endpoint for the judge: it counts what is in flight, and answers as it is told."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

from aiohttp import web

VERDICTS: dict[str, dict[str, Any]] = {
    "InstructionJudgement": {"answerable": 1, "well_formed": 1, "safe": 1, "relevant": 1},
    "PairJudgement": {"score": 2},
    "GroundedJudgement": {"faithful": 1, "relevancy": 2, "standalone": 1, "evidence": ""},
}


class Endpoint:
    """Answers every schema with a pass; `answer` may be replaced by a test."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.delay = 0.0
        self._changed = asyncio.Condition()
        self.answer: Callable[[dict[str, Any]], web.Response] = self.judge
        # As model servers do, it drops the work of callers that have gone.
        self._runner = web.AppRunner(self._app(), handler_cancellation=True)
        self.url = ""

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/v1/models", self._models)
        return app

    async def start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"

    async def stop(self) -> None:
        await self._runner.cleanup()

    def judge(self, body: dict[str, Any]) -> web.Response:
        name = body["response_format"]["json_schema"]["name"]
        verdict = {"explanation": "weighed", **VERDICTS[name]}
        if "evidence" in verdict:
            document = re.search(r"<document>\n(.*?)\n</document>", body["messages"][1]["content"], re.DOTALL)
            verdict["evidence"] = document[1].splitlines()[0] if document else ""
        return reply(json.dumps(verdict))

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "tiny"}]})

    async def _complete(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.bodies.append(body)
        await self._count(1)
        try:
            await asyncio.sleep(self.delay)
            return self.answer(body)
        finally:
            await self._count(-1)

    async def _count(self, change: int) -> None:
        async with self._changed:
            self.in_flight += change
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            self._changed.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for the calls in flight to be as a test wants them."""
        async with self._changed:
            await self._changed.wait_for(condition)


def reply(content: str) -> web.Response:
    """A chat completion."""
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    return web.json_response({"choices": [{"message": {"content": content}}], "usage": usage})
