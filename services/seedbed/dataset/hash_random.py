"""Random choices by hash: the same on every machine, in any order, with any Python. Pure."""

from seedbed.kernel.identity import sha256_hex

_DIGITS = 13
RANGE = 16**_DIGITS


def draw_lot(identity: str, use: str) -> int:
    """A number in [0, RANGE) that belongs to `identity` for this use."""
    return int(sha256_hex(f"{identity}/{use}")[:_DIGITS], 16)
