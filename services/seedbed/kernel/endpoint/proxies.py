"""The HTTP proxy that leads to a host, by HTTP_PROXY, HTTPS_PROXY and NO_PROXY."""

import asyncio
import base64
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

_HEAD_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where it is, and what it is shown."""

    host: str
    port: int
    headers: Mapping[str, str]


def proxy_for(url: SplitResult) -> Proxy | None:
    """The proxy that the environment names for an address; None where there is none. Raises OSError."""
    host = url.hostname or ""
    address = getproxies_environment().get(url.scheme)
    if not address or is_own(host) or proxy_bypass(f"{host}:{url.port}" if url.port else host):
        return None
    parts = urlsplit(address if "://" in address else f"http://{address}")
    if parts.scheme != "http" or not parts.hostname:
        raise ConnectionError(
            f"the proxy for {url.scheme} in the environment is not of the kind http://HOST:PORT"
        )
    headers = {}
    if parts.username:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    return Proxy(parts.hostname, parts.port or 80, headers)


def is_own(host: str) -> bool:
    """Whether it is this machine, which no proxy leads to."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


async def open_tunnel(connection: socket.socket, host: str, port: int, proxy: Proxy) -> None:
    """Have a proxy that is connected to lead on to a host. Raises OSError."""
    loop = asyncio.get_running_loop()
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = {"Host": where, **proxy.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    await loop.sock_sendall(connection, f"CONNECT {where} HTTP/1.1\r\n{head}\r\n".encode("ascii"))
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        # One byte at a time: what follows the head belongs to the host behind.
        byte = await loop.sock_recv(connection, 1)
        if not byte or len(answer) > _HEAD_BYTES:
            raise ConnectionError(f"the proxy {proxy.host}:{proxy.port} ends the connection")
        answer += byte
    status = answer.split(b" ", 2)[1:2]
    if status != [b"200"]:
        said = answer.partition(b"\r\n")[0].decode("latin-1")
        raise ConnectionError(f"the proxy {proxy.host}:{proxy.port} leads nowhere: {said}")
