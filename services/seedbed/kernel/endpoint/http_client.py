"""HTTP/1.1 to one endpoint, over connections that are kept: what a teacher is asked through.

Own, as measured: by aiohttp 3.14.5 a call takes 109 µs of CPU, not 36 (`benchmarks/http_clients.py`), and a
worker's whole 28 % more. This one knows one host, follows no redirect, and takes an answer whole; what the
answer means is for its callers.
"""

import asyncio
import socket
import ssl
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import cast
from urllib.parse import SplitResult, quote, urlsplit

from aiohappyeyeballs import start_connection
from httptools import HttpParserError, HttpResponseParser

from seedbed.kernel.endpoint.proxies import Proxy, open_tunnel, proxy_for
from seedbed.kernel.errors import Refused

CONNECT_PATIENCE = 5.0
NEXT_ADDRESS = 0.25
IDLE = 4.0
"""Seconds after which a connection is not used again: common servers close theirs after five."""
HEADER_BYTES = 64 << 10
# Of an address what stands for itself, `%` included: it escapes already.
_PLAIN = "%/:@!$&'()*+,;=~?[]"
_LENGTHS = {"content-length", "transfer-encoding"}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; the names of its headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class HttpClient:
    """The connections to one endpoint. An answer with more than `most` bytes is refused."""

    def __init__(self, url: str, headers: Mapping[str, str], most: int) -> None:
        self._url = url
        self._headers = headers
        self._most = most
        self._idle: list[_Connection] = []

    async def ask(
        self, method: str, path: str, body: bytes = b"", more: Mapping[str, str] | None = None
    ) -> Reply:
        """Ask, and wait for the whole answer. Raises OSError where none comes, Refused where it is endless.

        How long to wait is for the caller to say; a connection whose answer nobody waits for is closed.
        `more` are headers of this request alone.
        """
        connection = self._find_idle() or await self._connect()
        try:
            reply = await connection.ask(self._head(method, path, len(body), more or {}) + body)
        except BaseException:
            connection.close()
            raise
        if connection.usable:
            connection.idle_since = time.monotonic()
            self._idle.append(connection)
        return _unpack(reply, self._most)

    def close(self) -> None:
        """Close the connections that no request uses at present."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    @cached_property
    def _parts(self) -> SplitResult:
        parts = urlsplit(self._url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConnectionError(f"{self._url!r} is no address")
        # What is escaped stays so, and any other letter is: of another script, or a blank.
        try:
            host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
        except UnicodeError as error:
            raise ConnectionError(f"{parts.netloc!r} is no name of a host") from error
        return parts._replace(
            netloc=host, path=quote(parts.path.rstrip("/"), _PLAIN), query=quote(parts.query, _PLAIN)
        )

    @cached_property
    def _proxy(self) -> Proxy | None:
        return proxy_for(self._parts)

    @cached_property
    def _tls(self) -> ssl.SSLContext | None:
        return ssl.create_default_context() if self._parts.scheme == "https" else None

    def _head(self, method: str, path: str, size: int, more: Mapping[str, str]) -> bytes:
        parts, proxy = self._parts, self._proxy
        lines = {"Host": parts.netloc, "Accept-Encoding": "identity", **self._headers, **more}
        target = f"{parts.path}{path}" + (f"?{parts.query}" if parts.query else "")
        if proxy and not self._tls:
            target, lines = f"http://{parts.netloc}{target}", {**lines, **proxy.headers}
        if size:
            lines |= {"Content-Type": "application/json", "Content-Length": str(size)}
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"{method} {target} HTTP/1.1\r\n{text}\r\n".encode("ascii")

    def _find_idle(self) -> "_Connection | None":
        while self._idle:
            # The last one used first: what is not needed any more grows old below it.
            connection = self._idle.pop()
            if connection.usable and time.monotonic() - connection.idle_since < IDLE:
                return connection
            connection.close()
        return None

    async def _connect(self) -> "_Connection":
        timer = asyncio.timeout(CONNECT_PATIENCE)
        try:
            async with timer:
                return await self._open()
        except TimeoutError as error:
            if not timer.expired():
                raise
            raise ConnectionError(f"no connection within {CONNECT_PATIENCE:g} seconds") from error

    async def _open(self) -> "_Connection":
        parts, proxy, loop = self._parts, self._proxy, asyncio.get_running_loop()
        host, port = parts.hostname or "", parts.port or (443 if self._tls else 80)
        first = (proxy.host, proxy.port) if proxy else (host, port)
        addresses = await loop.getaddrinfo(*first, type=socket.SOCK_STREAM)
        # Of several addresses one may lead nowhere, and uvloop would wait for it.
        made = await start_connection(addresses, happy_eyeballs_delay=NEXT_ADDRESS)
        if proxy and self._tls:
            try:
                await open_tunnel(made, host, port, proxy)
            except BaseException:
                made.close()
                raise
        name = host if self._tls else None
        _, connection = await loop.create_connection(
            lambda: _Connection(self._most), sock=made, ssl=self._tls, server_hostname=name
        )
        return connection


class _Connection(asyncio.Protocol):
    """One connection, with one request at a time on it. The parser calls what begins with `on_`."""

    def __init__(self, most: int) -> None:
        self.idle_since = 0.0
        self._most = most
        self._transport: asyncio.Transport | None = None
        self._parser = HttpResponseParser(self)
        self._asked: asyncio.Future[Reply] | None = None
        self._headers: dict[str, str] = {}
        self._parts: list[bytes] = []
        self._size = 0
        self._header_size = 0

    @property
    def usable(self) -> bool:
        """Whether another request may be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def ask(self, request: bytes) -> asyncio.Future[Reply]:
        """Send a request; what is returned is done when its answer is here."""
        self._asked = asyncio.get_running_loop().create_future()
        if self._transport is None:
            self._fail(ConnectionResetError("Server disconnected"))
        else:
            self._transport.write(request)
        return self._asked

    def close(self) -> None:
        """Close it, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It stands."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        """It is gone, which is also how an answer without a length ends."""
        self._transport = None
        if error is None and self._headers and _LENGTHS.isdisjoint(self._headers):
            self._finish()
        self._fail(error or ConnectionResetError("Server disconnected"))

    def data_received(self, data: bytes) -> None:
        """Read on."""
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            self._fail(ConnectionError(f"what it says is not HTTP/1.1: {error}"))
            self.close()

    def on_message_begin(self) -> None:
        """An answer begins."""
        self._headers, self._parts, self._size, self._header_size = {}, [], 0, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self._header_size += len(name) + len(value)
        if self._header_size > HEADER_BYTES:
            self._refuse(f"headers of more than {HEADER_BYTES:,} bytes")
        else:
            self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._size += len(body)
        if self._size > self._most:
            self._refuse(f"more than {self._most:,} bytes and is not read")
        else:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        """An answer is whole; one below 200 is only the announcement of another."""
        if self._parser.get_status_code() >= 200:
            self._finish()
            if not self._parser.should_keep_alive():
                self.close()

    def _finish(self) -> None:
        if self._asked is not None and not self._asked.done():
            status = self._parser.get_status_code()
            self._asked.set_result(Reply(status, self._headers, b"".join(self._parts)))

    def _fail(self, error: Exception) -> None:
        if self._asked is not None and not self._asked.done():
            self._asked.set_exception(error)

    def _refuse(self, what: str) -> None:
        self._fail(endless(what))
        self.close()


def endless(what: str) -> Refused:
    """An answer that is not read to its end."""
    return Refused(f"the answer has {what}", hint="does the endpoint heed max_tokens?")


def _unpack(reply: Reply, most: int) -> Reply:
    """The answer as it was meant, where it was packed though nobody asked for that."""
    coding = reply.headers.get("content-encoding", "identity")
    if coding == "identity":
        return reply
    if coding not in ("gzip", "deflate"):
        raise ConnectionError(f"it packs its answers as {coding!r}, unasked")
    try:
        # 32: its first bytes say which of the two forms it has.
        body = zlib.decompressobj(wbits=32 + zlib.MAX_WBITS).decompress(reply.body, most + 1)
    except zlib.error as error:
        raise ConnectionError(f"its answer cannot be unpacked: {error}") from error
    if len(body) > most:
        raise endless(f"more than {most:,} bytes and is not read")
    return Reply(reply.status, reply.headers, body)
