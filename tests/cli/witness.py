"""A witness between the command and a server: each reply that goes through is held against its schema."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from jsonschema import Draft202012Validator

from tests.cli.stage import serving


class Witness:
    """What it has seen."""

    def __init__(self) -> None:
        self.url = ""
        self.bodies: list[dict[str, Any]] = []
        self.faults: list[str] = []

    def hear(self, body: dict[str, Any], status: int, said: bytes) -> None:
        """Hold a reply against the schema that was asked for by vLLM's own field."""
        self.bodies.append(body)
        try:
            text = json.loads(said)["choices"][0]["message"]["content"]
            check = Draft202012Validator(body["structured_outputs"]["json"])
            self.faults += [error.message for error in check.iter_errors(json.loads(text))]
        except (ValueError, KeyError, TypeError) as error:
            self.faults.append(f"{status} {error!r}: {said[:500]!r}")


@asynccontextmanager
async def open_witness(behind: str) -> AsyncIterator[Witness]:
    """A witness before a server, whose address ends with /v1."""
    witness = Witness()
    async with aiohttp.ClientSession() as session:

        async def pass_on(request: web.Request) -> web.Response:
            asked, url = await request.read(), behind.removesuffix("/v1") + request.path
            header = {"Content-Type": "application/json"}
            async with session.request(request.method, url, data=asked, headers=header) as answer:
                said = await answer.read()
            if b'"structured_outputs"' in asked:
                witness.hear(json.loads(asked), answer.status, said)
            return web.Response(body=said, status=answer.status, content_type="application/json")

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", pass_on)
        async with serving(app) as witness.url:
            yield witness
