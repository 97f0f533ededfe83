"""Free ports of this machine, the same again at the next start where nobody took them."""

import random
import socket
from collections.abc import Iterable, Mapping

# Below the ports that outgoing connections are given, which could take one while its service restarts.
_RANGE = range(20000, 32000)
_TRIES = 1000


def choose_ports(names: Iterable[str], kept: Mapping[str, int]) -> dict[str, int]:
    """A free port for every name: the one it had where that is still free, else another."""
    held: list[socket.socket] = []
    try:
        chosen: dict[str, int] = {}
        for name in names:
            port = _hold(kept.get(name, 0), held) or _hold_any(held)
            chosen[name] = port
        return chosen
    finally:
        for holder in held:
            holder.close()


def _hold(port: int, held: list[socket.socket]) -> int:
    """Bind a port until all are chosen, so that none is given twice; 0 where it is not free."""
    if not 0 < port < 65536:
        return 0
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # What an ended process left in TIME_WAIT does not count as taken.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", port))
        holder.listen(1)
    except OSError:
        holder.close()
        return 0
    held.append(holder)
    return port


def _hold_any(held: list[socket.socket]) -> int:
    for _ in range(_TRIES):
        port = _hold(random.choice(_RANGE), held)
        if port:
            return port
    raise OSError(f"no free port between {_RANGE.start} and {_RANGE.stop} on 127.0.0.1")
