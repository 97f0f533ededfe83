"""Settings of a process, from the environment: `SEEDBED_<NAME>`, secrets also as `SEEDBED_<NAME>_FILE`."""

import difflib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from seedbed.kernel.endpoint.openai.dialect import Dialect
from seedbed.kernel.errors import InputError, Violation

PREFIX = "SEEDBED_"
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


# What says whom and what is asked is said elsewhere, and known by it.
_ASKED = ("model", "messages")


def _read_parameters(value: Any) -> Any:
    found = read_object(value) if isinstance(value, str) else value
    if isinstance(found, dict) and (taken := [name for name in _ASKED if name in found]):
        raise ValueError(f"{taken[0]} is not to be set here")
    return found


def read_object(text: str) -> dict[str, Any]:
    """The JSON object that a setting is; empty where it is empty. Raises ValueError."""
    try:
        value = json.loads(text or "{}")
    except ValueError as error:
        raise ValueError(f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004  pydantic takes ValueError alone
    return value


def read_headers(text: str) -> dict[str, str]:
    """The headers that a setting is. Raises ValueError."""
    found = read_object(text)
    for name, value in found.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a header")
        if not isinstance(value, str) or not value.isascii() or not value.isprintable():
            raise ValueError(f"the value of {name} is none that a header can carry")
    return found


def _check_headers(value: SecretStr) -> SecretStr:
    read_headers(value.get_secret_value())
    return value


Headers = Annotated[SecretStr, AfterValidator(_check_headers)]
Parameters = Annotated[dict[str, Any], BeforeValidator(_read_parameters)]


class Settings(BaseModel):
    """What a process needs to know of its surroundings. Durations are in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    nats_url: str = "nats://127.0.0.1:4222"
    """Several, parted by commas, are servers of one cluster."""
    nats_user: str = ""
    nats_password: SecretStr = SecretStr("")
    nats_replicas: int = Field(default=1, ge=1, le=5)
    """Servers that keep each stream. It counts when the runs service first makes them."""
    store_url: str = "file:///var/lib/seedbed/store"
    store_access_key: str = ""
    store_secret_key: SecretStr = SecretStr("")
    listen: str = "127.0.0.1:0"
    """Address of the gRPC server."""
    reflection: bool = True
    api_token: SecretStr = SecretStr("")
    """What callers of the gRPC server must show. Several, parted by spaces, are all taken, and the first of
    them is shown to other services. Empty: anyone may call."""
    admin_token: SecretStr = SecretStr("")
    """What callers must show who remove what cannot be brought back (`store gc`, `forget`, …); it is taken
    for every other call, too, and shown instead of `api_token`. A server that asks for a token and has none
    of these takes no such calls."""
    tls_cert: str = ""
    """File of the certificate shown by the gRPC server, and to servers that ask for one; `tls_key` is its."""
    tls_key: str = ""
    tls_ca: str = ""
    """File of the authorities that other services' certificates must come from. Named, calls are by TLS."""
    tls_client_ca: str = ""
    """File of the authorities that callers' certificates must come from. Named, callers must show one."""
    taxonomy_address: str = "127.0.0.1:7401"
    runs_address: str = "127.0.0.1:7402"
    resume: bool = True
    """Whether the runs service takes up by itself what it was at; else a run waits to be created again."""

    teacher_url: str = ""
    """Several, parted by commas, share the work; each has a limit of its own."""
    teacher_model: str = ""
    teacher_api_key: SecretStr = SecretStr("")
    teacher_context: int = Field(default=32768, ge=512)
    """Tokens of the teacher's context window."""
    teacher_dialect: Dialect = "openai"
    """`vllm` for a vLLM server started with `--scheduling-policy priority`: judging then goes first there."""
    teacher_parameters: Parameters = Field(default_factory=dict)
    """A JSON object that is added to every request; `null` takes a parameter away."""
    teacher_headers: Headers = SecretStr("")
    """A JSON object of headers that every request carries besides."""
    judge_url: str = ""
    """Empty means: the teacher judges, too."""
    judge_model: str = ""
    judge_api_key: SecretStr = SecretStr("")
    judge_dialect: Dialect = "openai"
    judge_parameters: Parameters = Field(default_factory=dict)
    judge_headers: Headers = SecretStr("")
    concurrency: int = Field(default=16, ge=1)
    """Calls in flight at one endpoint, over all processes: to begin with, and at most."""
    slots: int = Field(default=0, ge=0)
    """Calls of this process in flight at one endpoint, at most, so that a scaler knows what another brings; 0
    means no other bound than `concurrency`."""
    probe: bool = False
    """Begin with few calls and find out how many an endpoint takes, up to `concurrency`."""
    request_timeout: float = Field(default=120, gt=0)
    vllm_url: str = "http://127.0.0.1:8000/v1"
    """Where a vLLM server is looked for before the command starts one of its own."""
    vllm_python: str = ""
    """The Python that has vLLM, where this one has not."""
    vllm_arguments: str = ""
    """What a vLLM server of the command's own is started with besides, as on a command line."""
    vllm_patience: float = Field(default=1800, gt=0)
    """How long it may take to load its model."""

    broker_sync: str = Field(default="1s", pattern=r"^(always|[1-9][0-9]*(ms|s|m))$")
    """How often the broker that `seedbed` starts brings to the disk what it has acknowledged: `always` is
    before it acknowledges, so that a power cut loses nothing."""
    ack_wait: float = Field(default=30, gt=0)
    heartbeat: float = Field(default=10, gt=0)
    grace: float = Field(default=20, ge=0)
    """Seconds that a process asked to stop may go on with what it has begun."""
    duty: Literal["all", "desk", "errand"] = "all"
    """Of trainer and evaluator. `desk`: answer callers and queue what they ask for, without working on it.
    `errand`: work on what is queued, answer nobody, and end when nothing is left."""
    parent_pid: int = 0
    """Stop when this process is no longer the parent; 0 means never."""

    trainer_processes: int = Field(default=0, ge=0)
    """Processes that train one student together; 0 means one for each GPU, and one where there is none."""
    trainer_threads: int = Field(default=0, ge=0)
    """Threads of each of them; 0 means as many as there are cores for it."""
    snapshot_seconds: float = Field(default=600, gt=0)
    """Seconds between two snapshots of a phase on its way."""

    document_max_bytes: int = Field(default=50_000_000, ge=1)
    repository_max_bytes: int = Field(default=2_000_000_000, ge=1_000_000)
    """Of a repository as it is fetched."""
    internal_hosts: str = ""
    """Hosts of the inside that taxonomies from elsewhere may name, parted by spaces: `git.corp *.lab`."""
    trust_callers: bool = True
    """Whether callers may name folders of the machine that a service is on, and hosts of the inside. Switch
    it off where others than the machine's own user call."""
    taxonomy_folders: str = ""
    """Folders of its machine, parted by colons, that the taxonomy service reads even for callers who are not
    trusted."""
    cache_folder: Path = Path("/tmp/seedbed-cache")  # noqa: S108  a default for development; images set their own
    otlp_endpoint: str = ""
    """Where metrics and traces go: base address of a collector that takes OTLP over HTTP. Empty: nowhere,
    unless OTEL_EXPORTER_OTLP_ENDPOINT names one."""
    otlp_token: SecretStr = SecretStr("")
    """What the collector is shown as a bearer token, where it asks for one."""
    telemetry_interval: float = Field(default=10, gt=0)
    """Seconds between two reports of metrics."""
    trace_ratio: float = Field(default=0.01, ge=0, le=1)
    """The share of draws and calls that are traced, chosen by digest; what the draws of a leaf have in common
    is traced whenever this is not 0."""
    telemetry_content: bool = False
    """Whether prompts and replies may stand in traces."""
    log_format: Literal["json", "text"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def split_urls(value: str) -> list[str]:
    """The addresses in a list parted by commas, each once."""
    return list(dict.fromkeys(url for part in value.split(",") if (url := part.strip().rstrip("/"))))


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises InputError for keys nobody knows and values that cannot be."""
    environ = os.environ if environ is None else environ
    values, unknown = {}, []
    for key in sorted(environ):
        if not key.startswith(PREFIX):
            continue
        name = key.removeprefix(PREFIX).lower()
        if name in Settings.model_fields:
            values[name] = environ[key]
        elif name.endswith("_file") and _is_secret(name.removesuffix("_file")):
            values[name.removesuffix("_file")] = _read_secret(key, environ[key])
        else:
            unknown.append(Violation(key, _advise(name)))
    if unknown:
        raise InputError("unknown settings in the environment", unknown)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        found = [Violation(f"{PREFIX}{e['loc'][0]}".upper(), _say(e["msg"])) for e in error.errors()]
        raise InputError("settings that cannot be", found) from error


def _say(message: str) -> str:
    return message.removeprefix("Value error, ")


def _is_secret(name: str) -> bool:
    field = Settings.model_fields.get(name)
    return field is not None and field.annotation is SecretStr


def _read_secret(key: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("a secret cannot be read", [Violation(key, str(error))]) from error


def _advise(name: str) -> str:
    near = difflib.get_close_matches(name, Settings.model_fields, n=1)
    return f"no such setting; did you mean {PREFIX}{near[0].upper()}?" if near else "no such setting"
