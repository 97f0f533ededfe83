"""Pages of leaves: by number, and by size, as a leaf may be long. Pure."""

import base64
import binascii
from collections.abc import Sequence

from seedbed.kernel.errors import InputError, Violation
from seedbed.taxonomy.v1.leaf_pb2 import Leaf

DEFAULT = 50
MOST = 500
MOST_BYTES = 2_000_000


def page_of(leaves: Sequence[Leaf], snapshot: str, size: int, token: str) -> tuple[list[Leaf], str]:
    """One page, and the token of the next; none where this is the last. Raises InputError."""
    if size < 0:
        raise InputError("the page size is negative", [Violation("page_size", "must be 0 or more")])
    start = _read_token(snapshot, token) if token else 0
    page: list[Leaf] = []
    total = 0
    for leaf in leaves[start : start + min(size or DEFAULT, MOST)]:
        total += leaf.ByteSize()
        if page and total > MOST_BYTES:
            break
        page.append(leaf)
    following = start + len(page)
    return page, _token(snapshot, following) if following < len(leaves) else ""


def _token(snapshot: str, start: int) -> str:
    return base64.urlsafe_b64encode(f"{snapshot}:{start}".encode()).decode()


def _read_token(snapshot: str, token: str) -> int:
    try:
        named, _, start = base64.b64decode(token, altchars=b"-_", validate=True).decode().rpartition(":")
        if named == snapshot and start.isascii() and start.isdigit():
            return int(start)
    except (binascii.Error, ValueError):
        pass
    wrong = Violation("page_token", "give back the token of the last answer, with the same snapshot")
    raise InputError("the page token is not one of this list", [wrong])
