"""Messages out of the bytes they were kept as."""

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from seedbed.kernel.errors import Damaged

MessageT = TypeVar("MessageT", bound=Message)


def parse(kind: type[MessageT], data: bytes | None, what: str) -> MessageT:
    """A message of a kind; `what` is what messages call it. Raises Damaged where the bytes are none."""
    try:
        return kind.FromString(data or b"")
    except DecodeError as error:
        raise Damaged(what, f"cannot be read: {error}") from error
