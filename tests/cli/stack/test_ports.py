"""Ports for a stack: free, kept, and nobody else's."""

import fcntl
import os
import socket
import subprocess
import sys
from subprocess import PIPE

import pytest

from seedbed.cli.stack import ports as claiming
from seedbed.cli.stack.ports import choose_ports, claimant_of


def test_every_name_gets_a_port_of_its_own():
    ports = choose_ports([str(number) for number in range(50)], {})
    assert len(set(ports.values())) == 50


def test_ports_are_kept_where_nobody_took_them():
    first = choose_ports(["a", "b"], {})
    assert choose_ports(["a", "b"], first) == first


def test_a_port_taken_by_another_is_replaced():
    first = choose_ports(["a", "b"], {})
    with socket.create_server(("127.0.0.1", first["a"])):
        second = choose_ports(["a", "b"], first)
    assert second["a"] != first["a"]
    assert second["b"] == first["b"]


def test_nonsense_that_was_kept_is_replaced():
    assert 0 < choose_ports(["a"], {"a": 70_000})["a"] < 65_536


def test_a_port_that_another_command_claims_is_replaced_until_that_ends():
    choosing = "print(choose_ports('a', {})['a'], flush=True); input()"
    code = f"from seedbed.cli.stack.ports import choose_ports; {choosing}"
    with subprocess.Popen([sys.executable, "-c", code], stdin=PIPE, stdout=PIPE, text=True) as other:
        # Nobody listens there, yet.
        claimed = {"a": int(other.stdout.readline())}
        assert choose_ports(["a"], claimed) != claimed
        other.communicate("\n", timeout=10)
    assert choose_ports(["a"], claimed) == claimed


def test_whose_a_port_is_can_be_asked_while_its_command_lives():
    code = (
        "from seedbed.cli.stack.ports import choose_ports; print(choose_ports('a', {}, '/a/é')['a']); input()"
    )
    command = [sys.executable, "-u", "-c", code]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) as other:
        port = int(other.stdout.readline())
        assert claimant_of(port) == "/a/é"
        other.communicate("\n", timeout=10)
    assert claimant_of(port) == ""
    assert claimant_of(1) == ""


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give folders away")
def test_what_another_user_says_of_a_port_is_not_believed(tmp_path, monkeypatch):
    monkeypatch.setattr(claiming, "_CLAIMS", tmp_path / "claims")
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims" / "20001").write_text("/theirs")
    os.chown(tmp_path / "claims", 65534, 65534)
    with (tmp_path / "claims" / "20001").open() as claim:
        fcntl.flock(claim, fcntl.LOCK_EX)
        assert claimant_of(20001) == ""
    with pytest.raises(OSError, match="belongs to another user"):
        choose_ports(["a"], {})
