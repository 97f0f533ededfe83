"""Looks at an endpoint before a run depends on it: there, key accepted, model known, answers in time.

It is asked as the run will ask it, so that what it does not take is known, and said, before anything is paid.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from seedbed.bus.v1.bus_pb2 import Sampling
from seedbed.kernel.endpoint.endpoint import Endpoint
from seedbed.kernel.endpoint.endpoint_client import open_http_client
from seedbed.kernel.endpoint.endpoint_errors import RequestRefused, error_in, error_of, excerpt, words
from seedbed.kernel.endpoint.http_client import HttpClient, Reply
from seedbed.kernel.endpoint.openai.capabilities import Capabilities
from seedbed.kernel.endpoint.openai.chat_request import ChatRequest, adapt
from seedbed.kernel.endpoint.openai.completion import decode
from seedbed.kernel.endpoint.openai.model_list import find_model, rows_of
from seedbed.kernel.endpoint.openai.refusals import Refusal, read_refusal
from seedbed.kernel.endpoint.prompt import Prompt
from seedbed.kernel.errors import EndpointBusy, InputError, Refused
from seedbed.pipeline.kinds import Role

SAMPLING: dict[Role, Sampling] = {
    "teacher": Sampling(temperature=0.7, top_p=0.95, max_tokens=4096),
    "judge": Sampling(temperature=0.0, top_p=1.0, max_tokens=1024),
}
"""As the steps of each role ask."""
_PAUSES = (0.5, 1.0)
SHORT = 16
"""Tokens of a reply that comes soon, however long a model likes to think."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str


class PreflightReply(BaseModel):
    """A short answer, in a form that has all that the forms of real ones have."""

    # Endpoints see this title: what they are sent does not change with the name of a class.
    model_config = ConfigDict(extra="forbid", title="Look")

    answer: Annotated[str, Field(description="yes or no")]
    parts: list[_Part]
    score: Literal[0, 1, 2]


_PROMPT = Prompt(
    "look",
    "{% block system %}Reply with one JSON object and nothing else: "
    '{"answer": "yes", "parts": [], "score": 1}{% endblock %}{% block user %}Say yes.{% endblock %}',
    PreflightReply,
)


@dataclass(frozen=True, slots=True)
class Found:
    """The context window in tokens, 0 where the endpoint gives none, and what it does not take."""

    context: int = 0
    notes: tuple[str, ...] = ()


async def check_endpoint(endpoint: Endpoint, patience: float = 20, role: Role = "teacher") -> Found:
    """Ask for one short answer. Raises InputError that names what is wrong and what to do."""
    try:
        async with asyncio.timeout(patience):
            with contextlib.closing(open_http_client(endpoint)) as http:
                context = await _check_model(http, endpoint)
                endpoint = replace(endpoint, context=context or endpoint.context)
                known = await _check_answer(http, endpoint, SAMPLING[role], patience / 2)
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
    return Found(min(filter(None, (context, known.window)), default=0), tuple(known.describe()))


async def _check_model(http: HttpClient, endpoint: Endpoint) -> int:
    """The model's context by the list of models, in tokens; 0 where the list does not say."""
    reply = await http.ask("GET", "/models")
    if reply.status == 401:
        raise _refused_key(endpoint, reply)
    if reply.status != 200:
        return 0  # Some endpoints have no list, and some keys may not read it; the answer will show.
    rows = rows_of(_read(endpoint, reply, json.loads))
    row = find_model(endpoint.model, rows)
    # A list with a wildcard does not name them all; the answer will show.
    if rows and row is None and not any("*" in name for name in rows):
        known = ", ".join(sorted(rows)[:8])
        raise InputError(
            f"{endpoint.url} does not know the model {endpoint.model!r}",
            hint=f"it serves: {known}" + (", …" if len(rows) > 8 else ""),
        )
    return row.context if row else 0


async def _check_answer(
    http: HttpClient, endpoint: Endpoint, sampling: Sampling, patience: float
) -> Capabilities:
    """What the endpoint takes of a request such as the run will make."""
    request = ChatRequest(_PROMPT, _PROMPT.render(), sampling, seed=1)
    known, most = Capabilities.of(endpoint.dialect), sampling.max_tokens
    while True:
        body = request.body(endpoint, known, most)
        reply = await _ask_patiently(http, body, patience)
        refusal = _judge(endpoint, reply)
        if refusal is None:
            return known
        adapted = adapt(known, most, refusal, body, endpoint, blind=reply.status < 500)
        if adapted is None:
            raise _fault(endpoint, reply, refusal)
        known, most = adapted


async def _ask_patiently(http: HttpClient, body: dict[str, Any], patience: float) -> Reply:
    """What it answers, asked again a few times where it is only busy."""
    for pause in _PAUSES:
        reply = await _ask(http, body, patience)
        error = error_of(reply.status, reply.body, reply.headers)
        if not isinstance(error, EndpointBusy) or (wait := error.retry_after or pause) > patience / 2:
            return reply
        await asyncio.sleep(wait)
    return await _ask(http, body, patience)


async def _ask(http: HttpClient, body: dict[str, Any], patience: float) -> Reply:
    """What it answers; one that takes long is asked for less, as what is refused is refused at once."""
    timer = asyncio.timeout(patience)
    try:
        async with timer:
            return await http.ask("POST", "/chat/completions", to_json(body))
    except TimeoutError:
        if not timer.expired():
            raise
    limits = {name: SHORT for name in ("max_tokens", "max_completion_tokens") if name in body}
    return await http.ask("POST", "/chat/completions", to_json(body | limits))


def _judge(endpoint: Endpoint, reply: Reply) -> Refusal | None:
    """The refusal that an answer is, which may be one of a parameter; None for a reply. Raises InputError."""
    if reply.status == 200:
        answer = _read(endpoint, reply, decode)
        fault = error_in(answer, reply.headers, endpoint.hide_secrets)
        if isinstance(fault, RequestRefused):
            return fault.refusal
        if fault:
            raise InputError(f"{endpoint.url} answers {fault.message}", hint="its own log says more")
        if not isinstance(answer, dict):
            data = excerpt(endpoint.hide_secrets(reply.body))
            raise InputError(f"{endpoint.url} answers JSON, but no OpenAI-style object: {data}")
        if not isinstance(answer.get("choices"), list) or not answer["choices"]:
            data = excerpt(endpoint.hide_secrets(reply.body))
            raise InputError(f"{endpoint.url} answers without any choices: {data}")
        return None
    refusal = read_refusal(endpoint.hide_secrets(reply.body))
    if reply.status in (401, 403) and not refusal.is_filter:
        raise _refused_key(endpoint, reply)
    if reply.status == 404 and "parameter" not in refusal.words:
        raise InputError(
            f"{endpoint.url} has no chat completions, or no model {endpoint.model!r} (HTTP 404)"
            + (f": {refusal.message}" if refusal.message else ""),
            hint="check the address (it usually ends in /v1) and the model's name",
        )
    if reply.status < 400 or reply.status in (402, 429) or refusal.is_account:
        raise _fault(endpoint, reply, refusal)
    return refusal


def _fault(endpoint: Endpoint, reply: Reply, refusal: Refusal) -> InputError:
    """What an answer is that there was no way around."""
    elsewhere = reply.headers.get("location")
    hint = f"it points to {elsewhere}" if elsewhere else "its own log says more"
    if reply.status == 402 or refusal.is_account:
        hint = "see to the account or the key"
    return InputError(f"{endpoint.url} answers HTTP {reply.status}: {refusal.message}", hint=hint)


def _read(endpoint: Endpoint, reply: Reply, decode: Callable[[bytes], Any]) -> Any:
    try:
        return decode(reply.body)
    except ValueError as error:
        data = endpoint.hide_secrets(reply.body)
        kind = reply.headers.get("content-type", "")
        what = "HTML" if "html" in kind or data.lstrip()[:1] == b"<" else "no JSON"
        what = "nothing" if not data.strip() else what
        raise InputError(
            f"{endpoint.url} answers {what} instead of an OpenAI-style reply: {excerpt(data)}",
            hint="check the address; it usually ends in /v1",
        ) from error


def _refused_key(endpoint: Endpoint, reply: Reply) -> InputError:
    what = "the API key" if endpoint.api_key else "requests without an API key"
    said = read_refusal(endpoint.hide_secrets(reply.body)).message
    return InputError(
        f"{endpoint.url} refuses {what} (HTTP {reply.status})" + (f": {said}" if said else ""),
        hint="name the variable that holds the key with --api-key-env",
    )
