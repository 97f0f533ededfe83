"""What endpoints of the common protocol do otherwise, each with the words in which they say so."""

# ruff: noqa: E501  what endpoints say stands here as they say it

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tests.kernel.fake_endpoint import reply

Body = dict[str, Any]
Says = Callable[[Body], Any]
"""The error that a request gets: status and body; None where it is taken."""


def openai(message: str, param: str | None = None, code: str | None = None, status: int = 400) -> Any:
    return status, {
        "error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    }


def fastapi(*loc: str, kind: str = "extra_forbidden", msg: str = "Extra inputs are not permitted") -> Any:
    # A validator repeats what it was given, prompt and all.
    echo = {"seed": 1, "temperature": 0.5, "response_format": "schema", "text": "context_length_exceeded"}
    return 422, {"detail": [{"type": kind, "loc": ["body", *loc], "msg": msg, "input": echo}]}


def gemini(message: str) -> Any:
    return 400, [{"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}]


def openrouter(raw: Any) -> Any:
    metadata = {"raw": json.dumps(raw), "provider_name": "Somebody"}
    return 400, {"error": {"message": "Provider returned error", "code": 400, "metadata": metadata}}


def refuses(name: str, error: Any, **allowed: Any) -> Says:
    """Refuses a parameter, unless it has the one value that is allowed."""
    return lambda body: error if name in body and body[name] != allowed.get("but") else None


def refuses_both(error: Any) -> Says:
    return lambda body: error if {"temperature", "top_p"} <= body.keys() else None


def refuses_form(kind: str, error: Any) -> Says:
    return lambda body: error if body.get("response_format", {}).get("type") == kind else None


REASONS: dict[str, Says] = {
    # OpenAI's reasoning models, Azure, a gateway before them.
    "max_completion_tokens": refuses(
        "max_tokens",
        openai(
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
            "max_tokens",
            "unsupported_parameter",
        ),
    ),
    "max_tokens unknown": refuses("max_tokens", (400, {"error": "unknown argument max_tokens"})),
    "no limit": lambda body: (
        openai("Unrecognized request argument supplied: " + next(n for n in body if n.startswith("max_")))
        if any(name.startswith("max_") for name in body)
        else None
    ),
    "temperature but 1": refuses(
        "temperature",
        openai(
            "Unsupported value: 'temperature' does not support 0.5 with this model. "
            "Only the default (1) value is supported.",
            "temperature",
            "unsupported_value",
        ),
        but=1,
    ),
    "temperature above 0": refuses(
        "temperature", (422, {"error": "Input validation error: `temperature` must be strictly positive"})
    ),
    "temperature gone": refuses(
        "temperature",
        (
            400,
            {
                "type": "error",
                "error": {"type": "invalid_request_error", "message": "`temperature` is deprecated."},
            },
        ),
    ),
    "seed by Gemini": refuses(
        "seed", gemini('Invalid JSON payload received. Unknown name "seed": Cannot find field.')
    ),
    "seed by Mistral": refuses("seed", (422, {"object": "error", "message": fastapi("seed")[1]})),
    "seed by FastAPI": refuses("seed", fastapi("seed")),
    "seed by Groq": refuses("seed", openai("property 'seed' is unsupported")),
    "seed by a gateway": refuses(
        "seed", openrouter({"error": {"message": "seed is not supported", "param": "seed"}})
    ),
    "seed as a string": refuses("seed", (400, {"message": "seed: unknown field"})),
    "seed as a list": refuses("seed", (400, {"errors": ["seed is not allowed"]})),
    "seed as text": refuses("seed", (400, "unknown parameter: seed")),
    "seed with a list of what is known": refuses(
        "seed",
        openai("Unknown parameter: 'seed'. Known are: model, messages, temperature, max_tokens, top_p."),
    ),
    "seed as a fault of the server": refuses(
        "seed", (500, {"error": "TypeError: unexpected keyword argument 'seed'"})
    ),
    "top_p beside temperature": refuses_both(
        openai("temperature and top_p cannot both be specified for this model. Please use only one.")
    ),
    "top_p beside temperature, by Bedrock": refuses_both(
        (
            400,
            {
                "message": "The model returned: `temperature` and `top_p` cannot both be specified for this model."
            },
        )
    ),
    "top_p in another spelling": refuses("top_p", gemini('Unknown name "topP" at generation_config')),
    "no schema": refuses("response_format", openai("Structured outputs are not supported by this model.")),
    "no schema by FastAPI": refuses(
        "response_format",
        fastapi(
            "response_format", "type", kind="literal_error", msg="Input should be 'text' or 'json_object'"
        ),
    ),
    "no grammar": refuses(
        "response_format", openai("Failed to initialize samplers: failed to parse grammar")
    ),
    "no grammar, as a fault of the server": refuses(
        "response_format",
        (500, {"error": {"code": 500, "message": "failed to parse grammar", "type": "server_error"}}),
    ),
    "an object, no schema, by DeepSeek": refuses_form(
        "json_schema", openai("This response_format type is unavailable now", code="invalid_request_error")
    ),
    "an object, no schema, by OpenAI": refuses_form(
        "json_schema",
        openai(
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
            "response_format",
        ),
    ),
    "a schema of another kind": refuses_form(
        "json_schema", openai("Invalid schema for response_format 'Line': 'additionalProperties' is required")
    ),
    "nobody behind a gateway": refuses(
        "seed",
        openai("No endpoints found that can handle the requested parameters.", status=404),
    ),
    "seed without a reason": refuses("seed", (400, {"error": "Bad Request"})),
    "schema without a reason": refuses("response_format", (400, "")),
    "several at once": lambda body: next(
        (
            openai(f"Unsupported parameter: '{name}'", name)
            for name in ("seed", "top_p", "max_tokens")
            if name in body
        ),
        None,
    ),
}


def heeding(says: Says, answer: Callable[[Body], web.StreamResponse | None] | None = None) -> Any:
    """An endpoint that answers what it takes."""

    def respond(body: Body) -> web.StreamResponse | None:
        error = says(body)
        if error is not None:
            status, told = error
            if isinstance(told, str):
                return web.Response(status=status, text=told)
            return web.json_response(told, status=status)
        return answer(body) if answer else reply('{"text": "fine"}')

    return respond
