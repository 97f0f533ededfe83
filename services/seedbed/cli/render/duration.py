"""How long, and when, for people."""

from datetime import UTC

from google.protobuf.timestamp_pb2 import Timestamp


def moment(time: Timestamp) -> str | None:
    """A time in ISO 8601, in UTC, to the second; None where there is none."""
    return time.ToDatetime(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if time.seconds else None


def local_moment(time: Timestamp) -> str:
    """The same for people, to the minute, by this machine's clock; empty where there is none."""
    return time.ToDatetime(UTC).astimezone().strftime("%Y-%m-%d %H:%M") if time.seconds else ""


def format_seconds(seconds: float) -> str:
    """`42 s`, `3 min 5 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
