"""A way to a server that can be cut, or answer for it with errors."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_ERROR = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Proxy:
    """Passes bytes on to a port of this machine while `trouble` is empty; `drops` and `errs` are troubles."""

    def __init__(self, port: int) -> None:
        self.trouble = ""
        self.port = 0
        self._to = port
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self, trouble: str) -> None:
        """Begin a trouble: what is open is torn down."""
        self.trouble = trouble
        for writer in list(self._writers):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self._writers.add(writer)
        try:
            if self.trouble == "errs":
                await reader.read(65536)
                writer.write(_ERROR)
                await writer.drain()
            elif not self.trouble:
                await self._pass_on(reader, writer)
        except OSError:
            pass  # What a cut is.
        finally:
            self._writers.discard(writer)
            writer.transport.abort() if self.trouble == "drops" else writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers.add(far_writer)
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            self._writers.discard(far_writer)
            far_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def open_proxy(port: int) -> AsyncIterator[Proxy]:
    """A proxy on a free port of its own."""
    proxy = Proxy(port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut("drops")
