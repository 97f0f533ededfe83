import socket
from ipaddress import ip_address

import pytest

from seedbed.taxonomy.git.hosts import HostPolicy, is_inside

INSIDE = [
    "https://127.0.0.1/a",
    "https://127.0.0.1:8443/a",
    "https://2130706433/a",
    "https://0x7f.1/a",
    "https://0/a",
    "https://10.1.2.3/a",
    "https://192.168.0.1/a",
    "https://172.16.0.1/a",
    "https://100.64.0.1/a",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/a",
    "https://[fe80::1]/a",
    "https://[fd00::1]/a",
    "https://[::ffff:10.0.0.1]/a",
    "https://[64:ff9b::7f00:1]/a",
    "https://[2002:7f00:1::]/a",
    "https://localhost/a",
    "https://LOCALHOST./a",
    "ssh://git@127.0.0.1/a",
    "ssh://git@localhost:2222/a",
    "git@127.0.0.1:a/b.git",
]


@pytest.mark.parametrize("address", INSIDE)
def test_hosts_of_the_inside_are_not_reached(address):
    assert "host of the inside" in HostPolicy().check(address).fault


@pytest.mark.parametrize(
    "address", ["https:///a", "https://[::1/a", "ssh://-oProxyCommand=touch x/a", "https://a:b:c/"]
)
def test_what_names_no_host_is_not_reached(address):
    assert HostPolicy().check(address).fault


def test_hosts_that_are_named_may_be_reached():
    assert HostPolicy(("10.0.0.*", "LocalHost")).check("https://10.0.0.7/a").fault == ""
    assert HostPolicy(("10.0.0.*", "LocalHost")).check("ssh://git@localhost/a").fault == ""
    assert HostPolicy(("10.0.0.*",)).check("https://10.0.1.7/a").fault


def answer(monkeypatch, *found: str) -> None:
    def look_up(_host: str, port: int, **_: object):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def test_a_name_that_means_the_inside_too_is_not_reached(monkeypatch):
    answer(monkeypatch, "8.8.8.8", "127.0.0.1")
    assert HostPolicy().check("https://two.example/a").fault


def test_git_is_held_to_what_was_found(monkeypatch):
    answer(monkeypatch, "8.8.8.8", "2001:4860:4860::8888")
    checked = HostPolicy().check("https://Sound.example/a")
    assert checked.fault == ""
    assert "http.curloptResolve=sound.example:443:8.8.8.8,[2001:4860:4860::8888]" in checked.options
    assert "http.followRedirects=false" in checked.options


def test_a_name_that_nobody_knows_is_not_left_to_git(monkeypatch):
    def look_up(*_: object, **__: object):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert (
        HostPolicy().check("https://later.example/a").fault
        == "cannot reach later.example: Name or service not known"
    )
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    assert HostPolicy().check("https://later.example/a").fault == ""


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_the_open_network_is_not_the_inside(address):
    assert not is_inside(ip_address(address))
