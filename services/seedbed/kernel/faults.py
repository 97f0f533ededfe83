"""Whose fault it is: what an endpoint's answers say of it, and what of the request. Pure."""

import os
import ssl

from seedbed.kernel.errors import EndpointAway, EndpointBusy, EndpointError, Refused, SeedbedError


class ServerFault(EndpointError):
    """A 5xx other than 503: the endpoint's fault, unless others succeed."""

    reason = "ENDPOINT_SERVER_ERROR"


class EndpointSlow(EndpointAway):
    """A request was taken, but not answered in time: it may have too much to do."""


def is_overload(error: EndpointError) -> bool:
    """Whether fewer requests at once may help."""
    return isinstance(error, EndpointBusy | EndpointSlow)


def error_of(status: int, data: bytes, retry_after: str | None) -> SeedbedError:
    """The error that a status other than 200 stands for."""
    message = f"HTTP {status}: {excerpt(data)}"
    if status in (429, 503):
        seconds = float(retry_after) if retry_after and retry_after.replace(".", "", 1).isdecimal() else None
        return EndpointBusy(message, retry_after=seconds)
    if status >= 500:
        return ServerFault(message)
    if status < 400 or status in (401, 403, 404, 408, 425):
        return EndpointAway(message)
    return Refused(message)


def is_about_schema(message: str) -> bool:
    """Whether an endpoint refused a request for its schema."""
    return any(word in message for word in ("response_format", "json_schema", "guided", "schema"))


def excerpt(data: bytes) -> str:
    """The beginning of an answer, on one line."""
    text = " ".join(data.decode("utf-8", "replace").split())
    return text if len(text) <= 200 else f"{text[:200]}…"


def words(error: BaseException) -> str:
    """What an error says, or else what it is."""
    if isinstance(error, ssl.SSLError):
        why = getattr(error, "verify_message", "") or getattr(error, "reason", "") or str(error)
        return f"no TLS that can be trusted: {why.replace('_', ' ').lower()}"
    # What it says besides is the address, which its reader knows.
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
