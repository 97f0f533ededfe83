"""Looks at an endpoint before a run depends on it: there, key accepted, model known, answers in time."""

import asyncio
import json
from typing import Any

import aiohttp

from seedbed.kernel.errors import InputError, Refused
from seedbed.kernel.faults import words
from seedbed.kernel.line import Endpoint, read_body

# One patience for all of it stands around the calls.
_NO_LIMIT = aiohttp.ClientTimeout(total=None, sock_connect=None)


async def check_endpoint(endpoint: Endpoint, patience: float = 20) -> None:
    """Ask for one short answer. Raises InputError that names what is wrong and what to do."""
    try:
        async with (
            asyncio.timeout(patience),
            aiohttp.ClientSession(headers=endpoint.headers(), timeout=_NO_LIMIT) as session,
        ):
            await _check_model(session, endpoint)
            await _check_answer(session, endpoint)
    except TimeoutError as error:
        raise InputError(
            f"{endpoint.url} did not answer within {patience:g} seconds",
            hint="is the model loaded? a larger --timeout gives it longer",
        ) from error
    except Refused as error:
        raise InputError(error.message, hint=error.hint) from error
    except (aiohttp.ClientError, OSError) as error:
        raise InputError(
            f"{endpoint.url} cannot be reached: {words(error)}",
            hint="check the address; it usually ends in /v1",
        ) from error


async def _check_model(session: aiohttp.ClientSession, endpoint: Endpoint) -> None:
    async with session.get(f"{endpoint.url}/models") as response:
        if response.status in (401, 403):
            raise _refused_key(endpoint, response.status)
        if response.status != 200:
            return  # Some endpoints have no list of models; the answer will tell.
        listed = _read(endpoint, await read_body(response, endpoint.api_key), response.content_type)
    models = listed.get("data")
    names = [str(m.get("id")) for m in models if isinstance(m, dict)] if isinstance(models, list) else []
    if names and endpoint.model not in names:
        known = ", ".join(sorted(names)[:8])
        raise InputError(
            f"{endpoint.url} does not know the model {endpoint.model!r}",
            hint=f"it serves: {known}" + (", …" if len(names) > 8 else ""),
        )


async def _check_answer(session: aiohttp.ClientSession, endpoint: Endpoint) -> None:
    body = {
        "model": endpoint.model,
        "messages": [{"role": "user", "content": "Say yes."}],
        "max_tokens": 16,
        "temperature": 0,
    }
    async with session.post(f"{endpoint.url}/chat/completions", json=body) as response:
        data = await read_body(response, endpoint.api_key)
        if response.status in (401, 403):
            raise _refused_key(endpoint, response.status)
        if response.status == 404:
            raise InputError(
                f"{endpoint.url} has no chat completions, or no model {endpoint.model!r} (HTTP 404)",
                hint="check the address (it usually ends in /v1) and the model's name",
            )
        if response.status != 200:
            raise InputError(
                f"{endpoint.url} answers HTTP {response.status}: {_excerpt(data)}",
                hint="its own log says more",
            )
        reply = _read(endpoint, data, response.content_type)
    if not isinstance(reply.get("choices"), list) or not reply["choices"]:
        raise InputError(f"{endpoint.url} answers without any choices: {_excerpt(data)}")


def _read(endpoint: Endpoint, data: bytes, content_type: str) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError as error:
        what = "HTML" if "html" in content_type or data.lstrip()[:1] == b"<" else "no JSON"
        what = "nothing" if not data.strip() else what
        raise InputError(
            f"{endpoint.url} answers {what} instead of an OpenAI-style reply: {_excerpt(data)}",
            hint="check the address; it usually ends in /v1",
        ) from error
    if not isinstance(value, dict):
        raise InputError(f"{endpoint.url} answers JSON, but no OpenAI-style object: {_excerpt(data)}")
    return value


def _refused_key(endpoint: Endpoint, status: int) -> InputError:
    what = "the API key" if endpoint.api_key else "requests without an API key"
    return InputError(
        f"{endpoint.url} refuses {what} (HTTP {status})",
        hint="name the variable that holds the key with --api-key-env",
    )


def _excerpt(data: bytes) -> str:
    return " ".join(data[:200].decode("utf-8", "replace").split())
