"""A bare chat endpoint for load tests: answers every schema after a fixed delay, for as little CPU as it can.

It does not think: for a teacher that does, by rules, see `seedbed.rehearsal`. It speaks just enough HTTP/1.1
by itself (requests with a length, one at a time a connection), as a web framework costs more than the answer.
Counters: GET /stats; DELETE /stats sets them back.
Run: `python benchmarks/mock_endpoint.py --listen 127.0.0.1:8002 --delay-ms 100 --limit 64`
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs by its path, too

from benchmarks.mock_replies import MODEL, complete

_LENGTH = re.compile(rb"^content-length:\s*(\d+)", re.IGNORECASE | re.MULTILINE)
_SCHEMA = b'"json_schema"'
# A look whether the endpoint is there, which belongs to no run.
_LOOK = b'"Look"'
_DRAW = b'"KnowledgePairs"'
# Another attempt is the same request with another seed.
_SEED = re.compile(rb'"seed":\s*\d+')
Reply = Callable[[bytes], None]


@dataclass
class Stats:
    """What the endpoint has seen."""

    requests: int = 0
    answered: int = 0
    in_flight: int = 0
    most_at_once: int = 0
    refused: int = 0
    bad: int = 0
    # Requests that held --count-match.
    matched: int = 0
    by_schema: Counter[str] = field(default_factory=Counter)
    opened: float = 0.0
    first: float = 0.0
    last: float = 0.0
    # Requests that came with a body seen before, seed and all.
    repeated: int = 0
    seen: set[int] = field(default_factory=set)
    began: float = field(default_factory=time.process_time)

    def public(self) -> dict[str, Any]:
        """The counters as JSON."""
        shown = {
            name: value for name, value in vars(self).items() if name not in ("seen", "by_schema", "began")
        }
        return {**shown, "by_schema": dict(self.by_schema), "cpu_seconds": time.process_time() - self.began}


@dataclass(frozen=True)
class Options:
    """How the endpoint behaves."""

    delay: float = 0.1
    limit: int = 0
    retry_after: float = 1.0
    bad_request_match: bytes = b""
    bad_draw: int = 0
    count_match: bytes = b""
    acceptance: float = 1.0


class Endpoint:
    """Answers, counts and refuses."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.stats = Stats()
        self._draws = 0
        self._bad_draw = b""

    def handle(self, method: bytes, path: bytes, body: bytes, reply: Reply) -> None:
        """One request; `reply` is called when its time has come."""
        if path == b"/v1/chat/completions":
            self.chat(body, reply)
        elif path == b"/v1/models":
            reply(_frame(200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]}))
        elif path == b"/health":
            reply(_frame(200, {"status": "ok"}))
        elif path == b"/stats":
            if method == b"DELETE":
                self.stats = Stats(in_flight=self.stats.in_flight)
            reply(_frame(200, self.stats.public()))
        else:
            reply(_frame(404, _error(404, f"no {path.decode(errors='replace')} here")))

    def chat(self, body: bytes, reply: Reply) -> None:
        """One completion."""
        stats, options = self.stats, self.options
        stats.requests += 1
        stats.opened = stats.opened or time.time()
        if _SCHEMA in body and _LOOK not in body:
            stats.first = stats.first or time.time()
        if self._is_bad(body):
            stats.bad += 1
            reply(_frame(400, _error(400, "the request is one that always gets this")))
            return
        stats.matched += bool(options.count_match) and options.count_match in body
        if options.limit and stats.in_flight >= options.limit:
            stats.refused += 1
            wait = f"Retry-After: {options.retry_after:g}\r\n"
            reply(_frame(429, _error(429, f"over {options.limit} at once"), wait))
            return
        stats.in_flight += 1
        stats.most_at_once = max(stats.most_at_once, stats.in_flight)
        asyncio.get_running_loop().call_later(options.delay, self._finish, body, reply)

    def _is_bad(self, body: bytes) -> bool:
        options = self.options
        if options.bad_request_match and options.bad_request_match in body:
            return True
        if not options.bad_draw or _DRAW not in body:
            return False
        self._draws += 1
        asked = _SEED.sub(b"", body)
        if self._draws == options.bad_draw:
            self._bad_draw = asked
        return asked == self._bad_draw

    def _finish(self, body: bytes, reply: Reply) -> None:
        self.stats.in_flight -= 1
        self.stats.answered += 1
        self.stats.last = time.time()
        name, payload = complete(body, self.options.acceptance)
        if _LOOK in body:
            self.stats.by_schema[""] += 1
        else:
            self._count(name, body)
        reply(_HEAD % (200, b"OK", b"", len(payload)) + payload)

    def _count(self, name: str, body: bytes) -> None:
        self.stats.by_schema[name] += 1
        known = hash(body)
        self.stats.repeated += known in self.stats.seen
        self.stats.seen.add(known)


_HEAD = b"HTTP/1.1 %d %b\r\nContent-Type: application/json\r\n%bContent-Length: %d\r\n\r\n"


def _frame(status: int, value: object, header: str = "") -> bytes:
    payload = json.dumps(value).encode()
    return _HEAD % (status, HTTPStatus(status).phrase.encode(), header.encode(), len(payload)) + payload


def _error(status: int, message: str) -> dict[str, Any]:
    return {"error": {"message": message, "code": status}}


class Connection(asyncio.Protocol):
    """One client's requests, in turn."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _error: Exception | None) -> None:
        """Forget the way back."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Take what came; handle each request that is whole."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[:end])
            found = _LENGTH.search(head)
            start = end + 4
            stop = start + (int(found[1]) if found else 0)
            if len(self._buffer) < stop:
                return
            body = bytes(self._buffer[start:stop])
            del self._buffer[:stop]
            method, path = head.split(b" ", 2)[:2]
            reply = self._reply_and_close if b"onnection: close" in head else self._reply
            self._endpoint.handle(method, path.partition(b"?")[0], body, reply)

    def _reply(self, frame: bytes) -> None:
        if self._transport is not None:
            self._transport.write(frame)

    def _reply_and_close(self, frame: bytes) -> None:
        self._reply(frame)
        if self._transport is not None:
            self._transport.close()


async def serve(listen: str, options: Options) -> None:
    """Serve until SIGTERM or SIGINT, then print the counters."""
    host, _, port = listen.rpartition(":")
    stop, endpoint = asyncio.Event(), Endpoint(options)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(endpoint), host, int(port), backlog=1024)
    address = server.sockets[0].getsockname()
    print(f"mock endpoint: http://{address[0]}:{address[1]}/v1", flush=True)
    await stop.wait()
    server.close()
    print(json.dumps(endpoint.stats.public()), flush=True)


def main() -> int:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--listen", default="127.0.0.1:8002", metavar="HOST:PORT")
    parser.add_argument("--delay-ms", type=float, default=100.0)
    parser.add_argument("--limit", type=int, default=0, help="429 beyond so many at once; 0: no limit")
    parser.add_argument("--retry-after", type=float, default=1.0, help="seconds, sent with a 429")
    parser.add_argument("--bad-request-match", default="", help="400 for each body that contains this text")
    parser.add_argument(
        "--bad-draw", type=int, default=0, help="400 for the Nth draw of knowledge pairs, however often asked"
    )
    parser.add_argument("--count-match", default="", help="count the requests that contain this text")
    parser.add_argument(
        "--acceptance", type=float, default=1.0, help="share of verdicts that pass, by request hash"
    )
    given = parser.parse_args()
    options = Options(
        delay=given.delay_ms / 1000,
        limit=given.limit,
        retry_after=given.retry_after,
        bad_request_match=given.bad_request_match.encode(),
        bad_draw=given.bad_draw,
        count_match=given.count_match.encode(),
        acceptance=given.acceptance,
    )
    try:
        import uvloop  # noqa: PLC0415  the endpoint runs without it, only slower
    except ImportError:
        asyncio.run(serve(given.listen, options))
    else:
        uvloop.run(serve(given.listen, options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
