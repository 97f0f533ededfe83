"""Providers by name: where each answers, which variable holds its key, and what is peculiar about it.

One row for each; `docs/teacher.md` has a paragraph on each.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from seedbed.kernel.errors import InputError


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """`address` may name variables of the environment, each with what holds where it is not set."""

    address: str
    keys: tuple[str, ...] = ()
    """Variables that may hold its key; none where it asks for none."""
    key_header: str = ""
    """A header that takes the key besides `Authorization`."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    context: int = 0
    """Tokens of its window where it cuts without a word what is longer; 0 where it says so."""
    context_variable: str = ""


PROVIDERS: Mapping[str, Provider] = {
    "ollama": Provider(
        address="http://127.0.0.1:11434/v1", context=4096, context_variable="OLLAMA_CONTEXT_LENGTH"
    ),
    "lmstudio": Provider(address="http://127.0.0.1:1234/v1"),
    "openai": Provider(address="https://api.openai.com/v1", keys=("OPENAI_API_KEY",)),
    "openrouter": Provider(address="https://openrouter.ai/api/v1", keys=("OPENROUTER_API_KEY",)),
    # It ignores a schema, so that the prompt has to say it, and lists its models to its own header alone.
    "anthropic": Provider(
        address="https://api.anthropic.com/v1",
        keys=("ANTHROPIC_API_KEY",),
        key_header="x-api-key",
        parameters={"response_format": None},
        headers={"anthropic-version": "2023-06-01"},
    ),
    "bedrock": Provider(
        address="https://bedrock-runtime.{AWS_REGION}.amazonaws.com/openai/v1",
        keys=("AWS_BEARER_TOKEN_BEDROCK",),
    ),
    "gemini": Provider(
        address="https://generativelanguage.googleapis.com/v1beta/openai",
        keys=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    ),
}
_REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """A provider as it is asked for one model."""

    url: str
    model: str
    key: str
    key_variable: str
    parameters: Mapping[str, Any]
    headers: Mapping[str, str]
    context: int


def provider_of(value: str) -> Provider | None:
    """The provider before the colon; None where it is an address or anything else."""
    return PROVIDERS.get(value.partition(":")[0]) if ":" in value else None


def resolve(value: str, model: str, key: str, option: str, environ: Mapping[str, str]) -> Resolved:
    """What `openai:NAME` stands for. A key that was given wins. Raises InputError."""
    name, _, wanted = value.partition(":")
    provider = PROVIDERS[name]
    if not (wanted or model):
        raise InputError(f"{option} {name}: names no model", hint=f"write {name}:MODEL")
    if wanted and model and wanted != model:
        raise InputError(f"{option} {value} and --model {model} name two models", hint="name one of them")
    held = next((one for one in provider.keys if environ.get(one, "").strip()), "")
    key = key or environ.get(held, "").strip()
    if provider.keys and not key:
        others = "".join(f" or {one}" for one in provider.keys[1:])
        raise InputError(
            f"{option} {value}: its key is wanted in {provider.keys[0]}{others}, which is not set",
            hint=f"export {provider.keys[0]}=…, or name another variable with --api-key-env",
        )
    return Resolved(
        url=_address(name, provider, environ, option),
        model=wanted or model,
        key=key,
        key_variable=held,
        parameters=provider.parameters,
        headers={**provider.headers, **({provider.key_header: key} if provider.key_header else {})},
        context=_context(provider, environ),
    )


def address_variable(name: str) -> str:
    """The variable that puts another address in the place of a provider's own."""
    return f"{name.upper()}_BASE_URL"


def _address(name: str, provider: Provider, environ: Mapping[str, str], option: str) -> str:
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or _REGION
    own = provider.address.replace("{AWS_REGION}", region)
    given = environ.get(address_variable(name), "").strip().rstrip("/")
    if not given:
        return own
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"{option}: {address_variable(name)} is {given!r}, which is not an address")
    # Some name the host alone.
    return given if parts.path else given + urlsplit(own).path


def _context(provider: Provider, environ: Mapping[str, str]) -> int:
    set_by_hand = environ.get(provider.context_variable, "")
    return int(set_by_hand) if set_by_hand.isdecimal() and int(set_by_hand) else provider.context
