"""Calls go through the HTTP proxy that the environment names, and never to this machine's own by one."""

import asyncio
import contextlib
import ssl
from urllib.parse import urlsplit

import pytest
import trustme
from aiohttp import web

from seedbed.kernel.endpoint.http_client import HttpClient
from seedbed.kernel.endpoint.proxies import proxy_for

SET = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    for name in SET:
        monkeypatch.delenv(name, raising=False)


class Proxy:
    """A real one: passes on what is asked in full, and leads on by CONNECT, to `target` always."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self.port = 0
        self.target = 0
        self.refuses = False

    async def serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        if self.refuses:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            writer.close()
            return
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self.target)
        if head.startswith("CONNECT"):
            writer.write(b"HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n")
        else:
            # In the form for the host itself.
            other_writer.write(head.replace("http://teacher.test:81", "", 1).encode())
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(self._pass(reader, other_writer), self._pass(other_reader, writer))

    async def _pass(self, reader, writer):
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()


@pytest.fixture
async def proxy():
    made = Proxy()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


@contextlib.asynccontextmanager
async def host(tls=None):
    async def answer(request):
        return web.json_response(
            {"path": request.path, "host": request.headers["Host"], "n": len(await request.read())}
        )

    app = web.Application()
    app.router.add_route("*", "/{all:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def test_a_plain_call_is_asked_of_the_proxy_in_full(proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://me:w%40rd@127.0.0.1:{proxy.port}")
    async with host() as proxy.target:
        with contextlib.closing(HttpClient("http://teacher.test:81/v1", {}, 1000)) as wire:
            reply = await wire.ask("POST", "/chat/completions", b"{}")
    assert b'"host": "teacher.test:81"' in reply.body
    assert proxy.heads[0].startswith("POST http://teacher.test:81/v1/chat/completions HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic bWU6d0ByZA==\r\n" in proxy.heads[0]


async def test_a_call_by_tls_goes_through_a_tunnel_that_the_proxy_cannot_read(proxy, monkeypatch):
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("teacher.test").configure_cert(server)
    authority.configure_trust(client)
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
    async with host(server) as proxy.target:
        with contextlib.closing(
            HttpClient("https://teacher.test/v1", {"Authorization": "Bearer k"}, 1000)
        ) as wire:
            wire.__dict__["_tls"] = client
            replies = [await wire.ask("POST", "/chat/completions", b"{}") for _ in range(2)]
    assert [reply.status for reply in replies] == [200, 200]
    assert b'"host": "teacher.test"' in replies[0].body
    [head] = proxy.heads
    assert head == "CONNECT teacher.test:443 HTTP/1.1\r\nHost: teacher.test:443\r\n\r\n"


async def test_a_proxy_that_refuses_is_named(proxy, monkeypatch):
    proxy.refuses = True
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    with (
        contextlib.closing(HttpClient("https://teacher.test/v1", {}, 1000)) as wire,
        pytest.raises(ConnectionError, match=rf"proxy 127.0.0.1:{proxy.port} leads nowhere: HTTP/1.1 407"),
    ):
        await wire.ask("GET", "/models")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/v1", "http://localhost/v1", "http://[::1]:1/v1", "https://x.localhost/"]
)
def test_this_machine_is_reached_without(url, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    assert proxy_for(urlsplit(url)) is None


@pytest.mark.parametrize(
    ("url", "through"),
    [
        ("https://api.test/v1", True),
        ("https://own.corp/v1", False),
        ("https://a.own.corp/v1", False),
        ("https://other.test:8443/v1", False),
        ("http://api.test/v1", False),
    ],
)
def test_each_scheme_has_a_proxy_of_its_own_and_some_hosts_none(url, through, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "proxy.corp:3128")
    monkeypatch.setenv("NO_PROXY", "own.corp,.own.corp,other.test:8443")
    found = proxy_for(urlsplit(url))
    assert (found is not None) == through
    if found:
        assert (found.host, found.port) == ("proxy.corp", 3128)


def test_a_proxy_of_another_kind_is_named(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy:1080")
    with pytest.raises(ConnectionError, match="not of the kind"):
        proxy_for(urlsplit("https://api.test/v1"))
