"""Messages out of the bytes they were kept as, and times as messages."""

from datetime import UTC, datetime, timedelta
from typing import TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp

from seedbed.kernel.errors import Damaged

MessageT = TypeVar("MessageT", bound=Message)


def parse(kind: type[MessageT], data: bytes | None, what: str) -> MessageT:
    """A message of a kind; `what` is what messages call it. Raises Damaged where the bytes are none."""
    try:
        return kind.FromString(data or b"")
    except DecodeError as error:
        raise Damaged(what, f"cannot be read: {error}") from error


def timestamp(seconds: float) -> Timestamp | None:
    """Seconds since the epoch as a message; None for 0, which is no time."""
    if not seconds:
        return None
    made = Timestamp()
    made.FromDatetime(datetime.fromtimestamp(seconds, UTC))
    return made


def duration(span: timedelta) -> Duration:
    """A span of time as a message."""
    made = Duration()
    made.FromTimedelta(span)
    return made
