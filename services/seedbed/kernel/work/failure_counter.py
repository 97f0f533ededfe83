"""Tries that failed for no reason anybody foresaw: counted by item, so that none comes back for ever."""

import errno
from collections import Counter

import nats.errors

from seedbed.kernel.errors import BusError, EndpointError, ServiceAway, StoreError

MOST_TRIES = 3

_OURS = (EndpointError, StoreError, BusError, ServiceAway)
_ELSEWHERE = (*_OURS, nats.errors.Error, ConnectionError, TimeoutError)
# What a machine has too little of, or has lost: disk, memory, open files.
_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EROFS}


def is_elsewhere(error: BaseException) -> bool:
    """Whether it is a fault of an endpoint, the broker, the store or the machine, and none of the item."""
    return isinstance(error, _ELSEWHERE) or (isinstance(error, OSError) and error.errno in _MACHINE)


def describe(error: BaseException) -> str:
    """An error that nobody foresaw, in one line."""
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0]}" if said else type(error).__name__


class FailureCounter:
    """Those of this process, by item."""

    def __init__(self) -> None:
        self._failed: Counter[str] = Counter()

    def fail(self, item: str) -> bool:
        """Take note of a failure; True where it was the last one, and the item is to be given up."""
        self._failed[item] += 1
        if self._failed[item] < MOST_TRIES:
            return False
        del self._failed[item]
        return True

    def forget(self, item: str) -> None:
        """The item has ended: its failures are not counted any more."""
        self._failed.pop(item, None)
