"""Objects that are not named by their content: their sha256 stands before it, so that damage is found."""

from seedbed.kernel.errors import Damaged
from seedbed.kernel.identity import sha256_hex

_MARK = b"sha256:"
_HEAD = len(_MARK) + 64 + 1


def enclose(data: bytes) -> bytes:
    """The object that holds this content."""
    return _MARK + sha256_hex(data).encode() + b"\n" + data


def disclose(key: str, data: bytes, *, plain: bool = False) -> bytes:
    """The content of an object; with `plain` one without a sum, as of older versions. Raises Damaged."""
    if plain and not data.startswith(_MARK):
        return data
    content = data[_HEAD:]
    if data[:_HEAD] != enclose(content)[:_HEAD]:
        raise Damaged(key, "does not have the digest that it was kept with")
    return content
