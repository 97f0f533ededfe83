import asyncio
import contextlib
import gzip
import ssl
import zlib

import pytest

from seedbed.kernel.endpoint.http_client import HEADER_BYTES, HttpClient
from seedbed.kernel.errors import Refused
from tests.kernel.certificates import Authority

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"
MOST = 1000


class Server:
    """Says to each request what it is told to, byte for byte; None hangs up."""

    def __init__(self) -> None:
        self.says: list[bytes | None] = [FINE]
        self.heads: list[bytes] = []
        self.connections = 0
        self.left = asyncio.Event()
        self.hangs_up = False
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
                if said is None:
                    break
                writer.write(said)
                if self.hangs_up:
                    break
        self.left.set()
        writer.close()


@pytest.fixture
async def server():
    told = Server()
    listening = await asyncio.start_server(told.serve, "127.0.0.1", 0)
    told.port = listening.sockets[0].getsockname()[1]
    yield told
    listening.close()


@pytest.fixture
async def wire(server):
    with contextlib.closing(HttpClient(f"http://127.0.0.1:{server.port}/v1", {"X-Key": "k"}, MOST)) as wire:
        yield wire


async def test_a_request_says_where_it_goes_and_what_every_request_carries(wire, server):
    assert (await wire.ask("GET", "/models")).body == b"fine"
    lines = server.heads[0].split(b"\r\n")
    assert lines[0] == b"GET /v1/models HTTP/1.1"
    assert {f"Host: 127.0.0.1:{server.port}".encode(), b"X-Key: k"} <= set(lines)


async def test_a_connection_serves_one_request_after_another_and_no_two_at_once(wire, server):
    for _ in range(3):
        await wire.ask("GET", "/models")
    assert server.connections == 1
    await asyncio.gather(*(wire.ask("GET", "/models") for _ in range(3)))
    assert server.connections == 3


async def test_one_that_the_server_has_closed_is_not_used_again(wire, server):
    server.hangs_up = True
    for _ in range(2):
        assert (await wire.ask("GET", "/models")).body == b"fine"
        await asyncio.sleep(0.05)
    assert server.connections == 2


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nfi\r\n2\r\nne\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + FINE,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 24\r\n\r\n"
        + gzip.compress(b"fine", mtime=0),
        b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: 12\r\n\r\n"
        + zlib.compress(b"fine"),
    ],
    ids=["in chunks", "announced", "gzip", "deflate"],
)
async def test_an_answer_is_read_in_whatever_form_it_comes(wire, server, said):
    server.says = [said, FINE]
    for _ in range(2):
        assert (await wire.ask("GET", "/models")).body == b"fine"
    assert server.connections == 1


async def test_one_without_a_length_ends_with_its_connection(wire, server):
    server.says, server.hangs_up = [b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\nfine"], True
    assert (await wire.ask("GET", "/models")).body == b"fine"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (None, "Server disconnected"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfi", "Server disconnected"),
        (b"+OK at your service\r\n", "not HTTP/1.1"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nxx", "packs its answers"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx", "cannot be unpacked"),
    ],
    ids=["nothing", "a beginning", "another language", "an unknown packing", "a broken packing"],
)
async def test_what_is_no_answer_is_told_as_such(wire, server, said, why):
    server.says, server.hangs_up = [said], True
    with pytest.raises(ConnectionError, match=why):
        await wire.ask("GET", "/models")
    await asyncio.sleep(0.05)
    server.says, server.hangs_up = [FINE], False
    assert (await wire.ask("GET", "/models")).body == b"fine"


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * HEADER_BYTES + b"\r\n\r\n",
    ],
    ids=["body", "headers"],
)
async def test_one_without_end_is_not_read(wire, server, said):
    server.says = [said, FINE]
    with pytest.raises(Refused, match="more than"):
        await wire.ask("GET", "/models")
    assert (await wire.ask("GET", "/models")).body == b"fine"


async def test_a_connection_whose_answer_nobody_waits_for_is_closed(wire, server):
    server.says = [b"", FINE]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await wire.ask("GET", "/models")
    await server.left.wait()
    assert (await wire.ask("GET", "/models")).body == b"fine"
    assert server.connections == 2


async def test_nobody_there_is_an_error_of_the_system(server):
    with pytest.raises(ConnectionRefusedError):
        await HttpClient("http://127.0.0.1:1/v1", {}, MOST).ask("GET", "/models")


async def ask_once(url):
    with contextlib.closing(HttpClient(url, {}, MOST)) as wire:
        return (await wire.ask("GET", "/models")).body


async def test_an_authority_is_trusted_that_the_environment_names(tmp_path, monkeypatch):
    authority = Authority(tmp_path / "authority")
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(*authority.sign("localhost"))
    told = Server()
    async with await asyncio.start_server(told.serve, "127.0.0.1", 0, ssl=shown) as listening:
        url = f"https://localhost:{listening.sockets[0].getsockname()[1]}/v1"
        with pytest.raises(ssl.SSLCertVerificationError):
            await ask_once(url)
        monkeypatch.setenv("SSL_CERT_FILE", authority.ca)
        assert await ask_once(url) == b"fine"
        await told.left.wait()
        await asyncio.sleep(0)


async def test_an_address_in_brackets_is_reached():
    told = Server()
    try:
        listening = await asyncio.start_server(told.serve, "::1", 0)
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        assert await ask_once(f"http://[::1]:{port}/v1") == b"fine"
        await told.left.wait()
        await asyncio.sleep(0)
    assert f"Host: [::1]:{port}".encode() in told.heads[0].split(b"\r\n")
