"""The fields of a message that is too large to be read at once: one after the other, out of a file."""

from collections.abc import Iterator
from typing import BinaryIO

from seedbed.kernel.errors import Damaged

_BYTES = 2
"""The wire type of strings, bytes and messages."""


def read_fields(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each field that is left in the file. Raises Damaged."""
    while (field := read_field(file)) is not None:
        yield field


def read_field(file: BinaryIO) -> tuple[int, bytes] | None:
    """Number and bytes of the next field; None at the end of the file.

    For messages of strings, bytes and messages only. Raises Damaged where the file is none.
    """
    tag = _read_varint(file)
    if tag is None:
        return None
    size = _read_varint(file) if tag & 7 == _BYTES else None
    data = file.read(size) if size is not None else b""
    if size is None or len(data) < size:
        raise Damaged("a part", "ends in the middle of a message")
    return tag >> 3, data


def _read_varint(file: BinaryIO) -> int | None:
    """A number of seven bits a byte, the last byte without the eighth; None at the end of the file."""
    value = shift = 0
    while byte := file.read(1):
        value |= (byte[0] & 127) << shift
        if byte[0] < 128:
            return value
        shift += 7
    return None
