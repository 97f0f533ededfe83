"""Ports for a stack: free, kept, and nobody else's."""

import socket
import subprocess
import sys
from subprocess import PIPE

from seedbed.cli.ports import choose_ports


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
    code = (
        "from seedbed.cli.ports import choose_ports; print(choose_ports('a', {})['a'], flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=PIPE, stdout=PIPE, text=True) as other:
        # Nobody listens there, yet.
        claimed = {"a": int(other.stdout.readline())}
        assert choose_ports(["a"], claimed) != claimed
        other.communicate("\n", timeout=10)
    assert choose_ports(["a"], claimed) == claimed
