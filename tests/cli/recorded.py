"""The mock endpoint in the test's own process, with all it was asked."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.mock_endpoint import Connection, Endpoint, Options


class Recorded(Endpoint):
    """Remembers every request; serves what models it is told to."""

    def __init__(self, *models: str) -> None:
        super().__init__(Options(delay=0.01))
        self.bodies: list[bytes] = []
        self.url = ""
        self._models = models or ("mock",)

    def handle(self, method: bytes, path: bytes, body: bytes, reply: Any) -> None:
        if path != b"/v1/models":
            super().handle(method, path, body, reply)
            return
        data = json.dumps({"object": "list", "data": [{"id": name} for name in self._models]}).encode()
        reply(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (len(data), data)
        )

    def chat(self, body: bytes, reply: Any) -> None:
        self.bodies.append(body)
        super().chat(body, reply)

    def refuse(self, match: bytes) -> None:
        """HTTP 400 for whatever contains this."""
        self.options = Options(delay=0.01, bad_request_match=match)


@asynccontextmanager
async def listening(endpoint: Recorded) -> AsyncIterator[Recorded]:
    server = await asyncio.get_running_loop().create_server(lambda: Connection(endpoint), "127.0.0.1", 0)
    endpoint.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield endpoint
    finally:
        server.close()
