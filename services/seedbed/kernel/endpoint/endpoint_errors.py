"""Whose fault it is: what an endpoint's answers say of it, and what of the request. Pure."""

import os
import ssl
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import to_json

from seedbed.kernel.endpoint.openai.refusals import Refusal, code_of, read_refusal
from seedbed.kernel.endpoint.openai.retry_after import wait_of
from seedbed.kernel.errors import (
    EndpointAway,
    EndpointBusy,
    EndpointError,
    PromptFiltered,
    Refused,
    SeedbedError,
)

_BUSY = (429, 503, 529)
# A 404 comes from an address or a model that is not there.
_AWAY = (404, 408, 425)
# Beside `error`, where there are no choices.
_ERRORS = ("detail", "errors", "message", "msg", "base_resp")


class RequestRefused(Refused):
    """A 4xx that says why: of what the request says, something may be left out."""

    def __init__(self, message: str, refusal: Refusal | None = None, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.refusal = refusal or Refusal()


class ServerFault(EndpointError):
    """A 5xx other than 503, or an error in place of a reply: the endpoint's fault, unless others succeed."""

    reason = "ENDPOINT_SERVER_ERROR"

    def __init__(self, message: str, refusal: Refusal | None = None, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.refusal = refusal or Refusal()


class AccountFault(EndpointAway):
    """It serves this account, key or place no more: money, a limit, a key that was taken back."""

    reason = "ENDPOINT_ACCOUNT"


class EndpointSlow(EndpointAway):
    """A request was taken, but not answered in time: it may have too much to do."""


def is_overload(error: EndpointError) -> bool:
    """Whether fewer requests at once may help."""
    return isinstance(error, EndpointBusy | EndpointSlow)


def error_of(status: int, data: bytes, headers: Mapping[str, str], said: str = "") -> SeedbedError:
    """The error that a status other than 200 stands for."""
    refusal = read_refusal(data)
    message = f"{said or f'HTTP {status}'}: {refusal.message}"
    wait = wait_of(headers, refusal.words)
    account = status in (401, 402, 403) or refusal.is_account
    # Who says when to come back has a limit by the minute, whatever is said of plans beside it.
    if status in _BUSY and (wait is not None or not account):
        return EndpointBusy(message, retry_after=wait)
    if status < 500 and status != 429 and refusal.is_filter:
        return PromptFiltered(f"the endpoint's content filter refused the prompt: {message}")
    if account and status < 500:
        return AccountFault(message)
    # A gateway says 404 where nobody behind it takes what a request says.
    if status < 400 or (status in _AWAY and "parameter" not in refusal.words):
        return EndpointAway(message)
    return ServerFault(message, refusal) if status >= 500 else RequestRefused(message, refusal)


def error_in(
    reply: Any, headers: Mapping[str, str], hide_secrets: Callable[[bytes], bytes]
) -> SeedbedError | None:
    """The error that a 200 holds in place of a reply; None where it holds none."""
    if isinstance(reply, list) and reply:
        reply = reply[0]
    if not isinstance(reply, dict):
        return None
    choices = reply.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    finish = str(choice.get("finish_reason") or "").lower()
    if finish == "insufficient_system_resource":
        return EndpointBusy(f"the endpoint broke the reply off: {finish}")
    broken = finish in ("error", "abort", "network_error")
    found = reply.get("error") or choice.get("error") or (choice if broken else None)
    if not found and not choice and any(reply.get(name) for name in _ERRORS):
        found = reply
    if not found:
        return None
    holder = {"error": found}
    code = code_of(holder)
    said = "an error in place of a reply" + (f" ({code})" if code else "")
    return error_of(code or 500, hide_secrets(to_json(holder)), headers, said)


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
