"""Who teaches and who judges: what was asked for, checked as far as that goes without a call."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from seedbed.kernel.dialect import Dialect
from seedbed.kernel.errors import InputError
from seedbed.kernel.settings import Settings, split_urls

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
    def remote(self) -> list[tuple[str, Endpoint]]:
        """The endpoints that are not ours to start, with what they are for."""
        both = [("teacher", self.teacher), *([("judge", self.judge)] if self.judge else [])]
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
            hint="give --teacher http://host:port/v1 --model NAME, or --teacher rehearsal to try things out",
        )
    key = (
        _read_key(wanted.api_key_env, "--api-key-env", environ) or settings.teacher_api_key.get_secret_value()
    )
    teacher = _endpoint(url, wanted.model or settings.teacher_model, key, "--teacher")
    teacher = replace(teacher, dialect=settings.teacher_dialect)
    judge = _choose_judge(wanted, settings, teacher, environ)
    hidden = frozenset(filter(None, (wanted.api_key_env, wanted.judge_api_key_env)))
    return Endpoints(teacher=teacher, judge=judge, hidden=hidden)


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
        judge = _endpoint(teacher.url, model, key or teacher.api_key, "--judge-model")
        return replace(judge, dialect=teacher.dialect)
    judge = _endpoint(url or VLLM + model, model, key, "--judge")
    return replace(judge, dialect=settings.judge_dialect)


def _endpoint(url: str, model: str, key: str, option: str) -> Endpoint:
    if url == REHEARSAL:
        return Endpoint(url=url, model=REHEARSAL)
    if url.startswith(VLLM):
        return _own_server(url.removeprefix(VLLM), model, option)
    urls = split_urls(url) or [url]
    for one in urls:
        parts = _split(one)
        if parts is None:
            raise InputError(
                f"{option} {one!r} is not an address",
                hint="it looks like http://127.0.0.1:8000/v1 or vllm:MODEL, or is the word rehearsal",
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
