"""Free ports of this machine, the same again at the next start where nobody took them.

A port is free until somebody listens there, which takes a service a moment, and again where it is restarted.
So a command claims its ports among all commands of the same user, from their choice to its own end, and says
whose they are.
"""

import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

# Below the ports that outgoing connections are given, which could take one while its service restarts.
_RANGE = range(20000, 32000)
_TRIES = 1000
_CLAIMS = Path(tempfile.gettempdir()) / f"seedbed-ports-{os.getuid()}"

_claimed: dict[int, int] = {}
"""By this process: the descriptor of each claim. The locks go with the process, however it ends."""


def choose_ports(names: Iterable[str], kept: Mapping[str, int], claimant: str = "") -> dict[str, int]:
    """A free port for every name: the one it had where that is still free, else another.

    Raises OSError where there is none.
    """
    # Bound until all are chosen, so that none is given twice.
    with ExitStack() as bound:
        chosen = {name: kept[name] if _take(kept.get(name, 0), bound) else _take_any(bound) for name in names}
    for port in chosen.values():
        os.ftruncate(_claimed[port], 0)
        os.write(_claimed[port], os.fsencode(claimant))
    return chosen


def claimant_of(port: int) -> str:
    """What a command of this user that is still at it said when it claimed a port; empty where none did."""
    try:
        with (_claims() / str(port)).open("rb") as claim:
            try:
                fcntl.flock(claim, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return os.fsdecode(claim.read())
    except OSError:
        pass
    return ""


def _take(port: int, bound: ExitStack) -> bool:
    """Claim and bind a port; False where it is not free."""
    if not 0 < port < 65536 or not _claim(port):
        return False
    holder = bound.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    try:
        # What an ended process left in TIME_WAIT does not count as taken.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", port))
        holder.listen(1)
    except OSError:
        return False
    return True


def _take_any(bound: ExitStack) -> int:
    for _ in range(_TRIES):
        port = random.choice(_RANGE)
        if port not in _claimed and _take(port, bound):
            return port
    raise OSError(f"no free port between {_RANGE.start} and {_RANGE.stop} on 127.0.0.1")


def _claim(port: int) -> bool:
    """Have a port among our own; False where another command has it."""
    if port in _claimed:
        return True
    claim = os.open(_claims() / str(port), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(claim)
        return False
    _claimed[port] = claim
    return True


def _claims() -> Path:
    """The folder of the claims. Raises OSError where it is another's, who may have written what he likes."""
    _CLAIMS.mkdir(mode=0o700, exist_ok=True)
    if _CLAIMS.lstat().st_uid != os.getuid():
        raise OSError(f"{_CLAIMS} belongs to another user: remove it")
    return _CLAIMS
