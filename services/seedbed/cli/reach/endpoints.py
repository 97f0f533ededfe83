"""Who teaches and who judges: what was asked for, checked as far as that goes without a call."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from seedbed.cli.reach.providers import PROVIDERS, provider_of, resolve
from seedbed.kernel.endpoint.openai.dialect import Dialect
from seedbed.kernel.errors import InputError
from seedbed.kernel.settings import Settings, read_headers, split_urls
from seedbed.pipeline.kinds import Role

REHEARSAL = "rehearsal"
VLLM = "vllm:"
"""Before the name or the folder of weights that a vLLM server is to serve."""
REHEARSAL_NOTICE = (
    "The teacher is the rehearsal teacher: it answers by rules, without a model. "
    "This shows how everything works; do not tune a model on it."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """An OpenAI-compatible endpoint, or several parted by commas, and the model asked there."""

    url: str
    model: str = ""
    api_key: str = field(default="", repr=False)
    dialect: Dialect = "openai"
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Added to every request; None takes one away."""
    headers: Mapping[str, str] = field(default_factory=dict, hash=False, repr=False)
    context: int = 0
    """Tokens of a window that its provider is known to have; 0 where none is known."""
    key_variable: str = ""
    """What held the key, where its provider says so."""
    weights: str = ""
    """What a vLLM server has to load first; there is no `url` yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """The options as they were given; empty where they were not."""

    teacher: str = ""
    model: str = ""
    api_key_env: str = ""
    judge: str = ""
    judge_model: str = ""
    judge_api_key_env: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoints:
    """Teacher and judge. No judge: the teacher judges, too. `hidden` names variables that hold keys."""

    teacher: Endpoint
    judge: Endpoint | None = None
    hidden: frozenset[str] = frozenset()

    @property
    def rehearsed(self) -> bool:
        """Whether the rehearsal teacher has a part in it."""
        return REHEARSAL in (self.teacher.url, self.judge.url if self.judge else "")

    @property
    def remote(self) -> list[tuple[Role, Endpoint]]:
        """The endpoints that are not ours to start, with what they are for."""
        both: list[tuple[Role, Endpoint]] = [("teacher", self.teacher)]
        both += [("judge", self.judge)] if self.judge else []
        return [
            (role, replace(endpoint, url=url))
            for role, endpoint in both
            if endpoint.url != REHEARSAL
            for url in endpoint.url.split(",")
        ]


def choose_endpoints(
    wanted: Wanted, settings: Settings, environ: Mapping[str, str] = os.environ
) -> Endpoints:
    """The endpoints of a stack: from the options, else from the settings. Raises InputError."""
    url = wanted.teacher or settings.teacher_url
    if not url:
        raise InputError(
            "no teacher is named",
            hint="give --teacher http://host:port/v1 --model NAME, a provider as in --teacher ollama:NAME, "
            "or --teacher rehearsal to try things out",
        )
    key = (
        _read_key(wanted.api_key_env, "--api-key-env", environ) or settings.teacher_api_key.get_secret_value()
    )
    model = wanted.model or ("" if provider_of(wanted.teacher) else settings.teacher_model)
    teacher = _endpoint(url, model, key, "--teacher", environ)
    teacher = _settled(
        teacher, settings.teacher_dialect, settings.teacher_parameters, settings.teacher_headers
    )
    judge = _choose_judge(wanted, settings, teacher, environ)
    held = [one.key_variable for one in (teacher, judge) if one]
    hidden = frozenset(filter(None, (wanted.api_key_env, wanted.judge_api_key_env, *held)))
    return Endpoints(teacher=teacher, judge=judge, hidden=hidden)


def _settled(
    endpoint: Endpoint, dialect: Dialect, parameters: Mapping[str, Any], headers: SecretStr
) -> Endpoint:
    """An endpoint with what the settings say of it."""
    if endpoint.url == REHEARSAL:
        return endpoint
    return replace(
        endpoint,
        dialect=dialect,
        parameters={**endpoint.parameters, **parameters},
        headers={**endpoint.headers, **read_headers(headers.get_secret_value())},
    )


def _choose_judge(
    wanted: Wanted, settings: Settings, teacher: Endpoint, environ: Mapping[str, str]
) -> Endpoint | None:
    url = wanted.judge or settings.judge_url
    model = wanted.judge_model or settings.judge_model
    if not url and not model:
        return None
    key = _read_key(wanted.judge_api_key_env, "--judge-api-key-env", environ)
    key = key or settings.judge_api_key.get_secret_value()
    if not url and not teacher.weights:
        # Another model at the teacher's endpoint takes the teacher's key.
        if teacher.url == REHEARSAL:
            return teacher
        return replace(teacher, model=model, api_key=key or teacher.api_key)
    model = wanted.judge_model or ("" if provider_of(wanted.judge) else model)
    judge = _endpoint(url or VLLM + model, model, key, "--judge", environ)
    return _settled(judge, settings.judge_dialect, settings.judge_parameters, settings.judge_headers)


def _endpoint(url: str, model: str, key: str, option: str, environ: Mapping[str, str]) -> Endpoint:
    if url == REHEARSAL:
        return Endpoint(url=url, model=REHEARSAL)
    if provider_of(url):
        found = resolve(url, model, key, option, environ)
        return Endpoint(
            url=found.url,
            model=found.model,
            api_key=found.key,
            parameters=found.parameters,
            headers=found.headers,
            context=found.context,
            key_variable=found.key_variable,
        )
    if url.startswith(VLLM):
        return _own_server(url.removeprefix(VLLM), model, option)
    urls = split_urls(url) or [url]
    for one in urls:
        parts = _split(one)
        if parts is None:
            raise InputError(
                f"{option} {one!r} is not an address",
                hint="it looks like http://127.0.0.1:8000/v1, vllm:MODEL or PROVIDER:MODEL "
                f"({', '.join(PROVIDERS)}), or is the word rehearsal",
            )
        if parts.username or parts.password:
            raise InputError(
                f"{option} must not hold a password", hint="put it into the environment and use --api-key-env"
            )
    return Endpoint(url=",".join(urls), model=model, api_key=key)


def _own_server(weights: str, model: str, option: str) -> Endpoint:
    if not weights:
        raise InputError(f"{option} vllm: names no model", hint="write vllm:NAME or vllm:FOLDER")
    folder = Path(weights).expanduser()
    if folder.is_dir() and not (folder / "config.json").is_file():
        raise InputError(f"{option}: the folder {weights} holds no model", hint="it has no config.json")
    if not folder.is_dir() and weights.startswith(("/", ".", "~")):
        raise InputError(f"{option}: there is no folder {weights}")
    # A folder goes by its name alone: its path is of this machine, and the model's name is in every digest.
    name = folder.resolve().name if folder.is_dir() else weights
    return Endpoint(url="", model=model or name, weights=str(folder) if folder.is_dir() else weights)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if sound else None


def _read_key(name: str, option: str, environ: Mapping[str, str]) -> str:
    if not name:
        return ""
    key = environ.get(name, "").strip()
    if not key:
        raise InputError(
            f"{option}: there is no environment variable {name}, or it is empty",
            hint=f"export {name}=… first; the key itself never goes on a command line",
        )
    if not key.isascii() or not key.isprintable():
        raise InputError(f"{option}: what {name} holds is no key: it has characters that no header can carry")
    return key
