"""Looks at an endpoint before a run depends on it: there, key accepted, model known, answers in time."""

import asyncio
import contextlib
import json
from typing import Any

from pydantic_core import to_json

from seedbed.kernel.errors import InputError, Refused
from seedbed.kernel.faults import excerpt, words
from seedbed.kernel.line import Endpoint, body_of, open_wire
from seedbed.kernel.wire import Reply, Wire


async def check_endpoint(endpoint: Endpoint, patience: float = 20) -> int:
    """Ask for one short answer. Raises InputError that names what is wrong and what to do.

    Returns the tokens of the model's context window, 0 where the endpoint does not tell.
    """
    try:
        async with asyncio.timeout(patience):
            with contextlib.closing(open_wire(endpoint)) as wire:
                context = await _check_model(wire, endpoint)
                await _check_answer(wire, endpoint)
                return context
    except TimeoutError as error:
        raise InputError(
            f"{endpoint.url} did not answer within {patience:g} seconds",
            hint="is the model loaded? a larger --timeout gives it longer",
        ) from error
    except Refused as error:
        raise InputError(error.message, hint=error.hint) from error
    except OSError as error:
        raise InputError(
            f"{endpoint.url} cannot be reached: {words(error)}",
            hint="check the address; it usually ends in /v1",
        ) from error


async def _check_model(wire: Wire, endpoint: Endpoint) -> int:
    reply = await wire.ask("GET", "/models")
    if reply.status in (401, 403):
        raise _refused_key(endpoint, reply.status)
    if reply.status != 200:
        return 0  # Some endpoints have no list of models; the answer will tell.
    listed = _read(endpoint, reply)
    models = listed.get("data")
    rows = [row for row in models if isinstance(row, dict)] if isinstance(models, list) else []
    windows = {str(row.get("id")): row.get("max_model_len") for row in rows}
    if windows and endpoint.model not in windows:
        known = ", ".join(sorted(windows)[:8])
        raise InputError(
            f"{endpoint.url} does not know the model {endpoint.model!r}",
            hint=f"it serves: {known}" + (", …" if len(windows) > 8 else ""),
        )
    window = windows.get(endpoint.model)
    return window if isinstance(window, int) else 0


async def _check_answer(wire: Wire, endpoint: Endpoint) -> None:
    body = {
        "model": endpoint.model,
        "messages": [{"role": "user", "content": "Say yes."}],
        "max_tokens": 16,
        "temperature": 0,
    }
    reply = await wire.ask("POST", "/chat/completions", to_json(body))
    if reply.status in (401, 403):
        raise _refused_key(endpoint, reply.status)
    if reply.status == 404:
        raise InputError(
            f"{endpoint.url} has no chat completions, or no model {endpoint.model!r} (HTTP 404)",
            hint="check the address (it usually ends in /v1) and the model's name",
        )
    if reply.status != 200:
        elsewhere = reply.headers.get("location")
        raise InputError(
            f"{endpoint.url} answers HTTP {reply.status}: {excerpt(body_of(reply, endpoint))}",
            hint=f"it points to {elsewhere}" if elsewhere else "its own log says more",
        )
    answer = _read(endpoint, reply)
    if not isinstance(answer.get("choices"), list) or not answer["choices"]:
        raise InputError(f"{endpoint.url} answers without any choices: {excerpt(body_of(reply, endpoint))}")


def _read(endpoint: Endpoint, reply: Reply) -> dict[str, Any]:
    data = body_of(reply, endpoint)
    try:
        value = json.loads(data)
    except ValueError as error:
        kind = reply.headers.get("content-type", "")
        what = "HTML" if "html" in kind or data.lstrip()[:1] == b"<" else "no JSON"
        what = "nothing" if not data.strip() else what
        raise InputError(
            f"{endpoint.url} answers {what} instead of an OpenAI-style reply: {excerpt(data)}",
            hint="check the address; it usually ends in /v1",
        ) from error
    if not isinstance(value, dict):
        raise InputError(f"{endpoint.url} answers JSON, but no OpenAI-style object: {excerpt(data)}")
    return value


def _refused_key(endpoint: Endpoint, status: int) -> InputError:
    what = "the API key" if endpoint.api_key else "requests without an API key"
    return InputError(
        f"{endpoint.url} refuses {what} (HTTP {status})",
        hint="name the variable that holds the key with --api-key-env",
    )
