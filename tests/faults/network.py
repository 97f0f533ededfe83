"""A network of the test's own, where the kernel permits it: it can be taken away from all who are on it."""

import ctypes
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_NEW_NETWORK = 0x40000000
"""CLONE_NEWNET, as `unshare` and `setns` of Linux take it; Python has them from 3.12 on."""


@contextmanager
def open_network() -> Iterator[None]:
    """What this thread starts and opens meanwhile is on a network of its own. Skips where it may not."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "unshare"):
        pytest.skip("only Linux has networks of one's own")
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(_NEW_NETWORK):
            pytest.skip(f"no network of one's own: {os.strerror(ctypes.get_errno())}")
        try:
            _turn("up")
            yield
        finally:
            assert not libc.setns(before, _NEW_NETWORK), os.strerror(ctypes.get_errno())
    finally:
        os.close(before)


def drop(seconds: float) -> None:
    """No packet arrives for so long. Connections stay, and those who wait on them learn nothing."""
    _turn("down")
    try:
        time.sleep(seconds)
    finally:
        _turn("up")


def _turn(way: str) -> None:
    subprocess.run(["ip", "link", "set", "lo", way], check=True)
