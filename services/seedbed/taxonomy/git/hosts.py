"""Where an address leads: what strangers wrote is not followed to hosts of the inside.

A name is looked up once, and git is held to what was found: it may mean another host a moment later.
"""

import fnmatch
import os
import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

_PORTS = {"https": 443, "http": 80, "ssh": 22}
# An IPv4 address in IPv6's clothes, for networks that translate.
_TRANSLATED = IPv6Network("64:ff9b::/96")

IP = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class HostCheck:
    """What came of a check: why the address is not used, or how git is held to it."""

    fault: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostPolicy:
    """Which hosts may be reached: those of the open network, and those of the inside that are named."""

    inside: tuple[str, ...] = ()

    def check(self, address: str) -> HostCheck:
        """Look up the host of an `https` or `ssh` address."""
        scheme, host, port = _parts(address)
        if not host or host.startswith("-"):
            return HostCheck(f"`{address}` names no host")
        if any(fnmatch.fnmatchcase(host, pattern.lower()) for pattern in self.inside):
            return HostCheck()
        try:
            found = _addresses(host, port)
        except OSError as error:
            # Behind a proxy it is the proxy that looks names up, and that decides who is reached.
            return (
                HostCheck() if _has_proxy() else HostCheck(f"cannot reach {host}: {error.strerror or error}")
            )
        if any(is_inside(each) for each in found):
            return HostCheck(
                f"`{host}` is a host of the inside, which a taxonomy from elsewhere may not name "
                "(SEEDBED_INTERNAL_HOSTS lists those it may)"
            )
        # No redirect either: it would lead on to where nobody has looked.
        options = ["-c", "http.followRedirects=false"]
        if scheme == "https":
            pinned = ",".join(f"[{each}]" if each.version == 6 else str(each) for each in found)
            options += ["-c", f"http.curloptResolve={host}:{port}:{pinned}"]
        return HostCheck(options=tuple(options))


def is_inside(address: IP) -> bool:
    """Whether it is of this machine or a network that the world does not see."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _TRANSLATED:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_inside(inner)
    return not address.is_global or address.is_multicast


def _parts(address: str) -> tuple[str, str, int]:
    short = re.match(r"[\w.-]+@([\w.-]+):", address)
    if "://" not in address and short:
        return "ssh", short[1].lower(), _PORTS["ssh"]
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".")
        return parts.scheme, host, parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return "", "", 0


def _addresses(host: str, port: int) -> list[IP]:
    # As git's own libraries read it, so that 2130706433 and 0x7f.1 are what they mean to them.
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(str(error)) from error
    return list(dict.fromkeys(ip_address(str(each[4][0]).partition("%")[0]) for each in found))


def _has_proxy() -> bool:
    return any(os.environ.get(name) for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"))
