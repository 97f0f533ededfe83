"""The programs that make up a stack on one machine, each with its environment."""

import json
import os
import sys
from collections.abc import Iterable, Mapping

from seedbed.cli.reach.endpoints import REHEARSAL, Endpoint, Endpoints
from seedbed.cli.stack.broker.server import broker_program
from seedbed.cli.stack.collector import COLLECTOR, collector_program
from seedbed.cli.stack.credentials import make_secret
from seedbed.cli.stack.processes.child import Program
from seedbed.cli.stack.state import StateFolder
from seedbed.kernel.rpc.bearer_tokens import tokens_of
from seedbed.kernel.settings import PREFIX, load_settings
from seedbed.pipeline import kinds
from seedbed.pipeline.kinds import Role

WORKERS = kinds.SERVICES
"""Those that take items from the queues, and so begin when `runs` has seen to these."""
SERVICES = ("taxonomy", "runs", *WORKERS)
# Brought up by the commands that need them alone: what they load is heavy.
TUNING = ("trainer", "evaluator")
# For a stack that serves one command: it does nothing that this command has not asked for.
DORMANT = {f"{PREFIX}RESUME": "false"}
HOST = "127.0.0.1"
_GRACE = 60.0
# What each service asks; the others never see a key.
_ASKS: dict[str, set[Role]] = {
    **{service: {step.asks for step in kinds.steps_of(service) if step.asks} for service in WORKERS},
    "evaluator": {"teacher", "judge"},
}


def address(port: int) -> str:
    """Where a port of this machine is reached."""
    return f"{HOST}:{port}"


def port_names(services: Iterable[str], *, rehearsal: bool, collector: bool = False) -> list[str]:
    """Every port such a stack needs."""
    more = [*([REHEARSAL] if rehearsal else []), *([COLLECTOR] if collector else [])]
    return ["nats-server", "nats-monitor", *more, *services]


def inherited(environ: Mapping[str, str], hidden: Iterable[str]) -> dict[str, str]:
    """Our environment without the keys, which go to those alone that need them, and without what opens doors.

    Certificates are for stacks that are reached through a network; token and broker's users are our own.
    """
    hidden = set(hidden)
    certificates = ("_TLS_CERT", "_TLS_KEY", "_TLS_CA", "_TLS_CLIENT_CA")
    tokens = ("_API_TOKEN", "_ADMIN_TOKEN")
    kept_back = ("_API_KEY", "_HEADERS", *tokens, "_NATS_USER", "_NATS_PASSWORD", *certificates)

    def goes(name: str) -> bool:
        secret = name.startswith(PREFIX) and name.removesuffix("_FILE").endswith(kept_back)
        return name not in hidden and not secret

    return {name: value for name, value in environ.items() if goes(name)}


def make_programs(
    state: StateFolder,
    ports: Mapping[str, int],
    endpoints: Endpoints | None,
    overrides: Mapping[str, str],
    environ: Mapping[str, str] = os.environ,
) -> list[Program]:
    """Broker, rehearsal teacher where it is wanted, services: in the order of their start."""
    # What is given as an option wins over a file, too.
    files = [f"{name}_FILE" for name in overrides]
    base = inherited(environ, [*files, *(endpoints.hidden if endpoints else ())])
    plain = {name: value for name, value in base.items() if not name.startswith(PREFIX)}
    sync = load_settings(base).broker_sync
    token = state.keep_token()
    named = [name for name in (*SERVICES, *TUNING) if name in ports]
    passwords = {name: make_secret() for name in named}
    programs = [broker_program(state, ports["nats-server"], ports["nats-monitor"], sync, passwords, plain)]
    # A folder of the caller must not stand in for a module of the service.
    plain["PYTHONSAFEPATH"] = base["PYTHONSAFEPATH"] = "1"
    watched = {f"{PREFIX}PARENT_PID": str(os.getpid())}
    if REHEARSAL in ports:
        programs.append(_module(REHEARSAL, ("--listen", address(ports[REHEARSAL])), {**plain, **watched}))
    if COLLECTOR in ports:
        programs.append(collector_program(state, ports[COLLECTOR], token, plain))
    common = {**base, **watched, **_common(state, ports), **_addresses(endpoints, ports), **overrides}
    # Whoever may call a stack of one machine is its owner.
    tokens = " ".join([token, *_given_tokens(environ)])
    common |= {f"{PREFIX}API_TOKEN": tokens, f"{PREFIX}ADMIN_TOKEN": tokens}
    for name in named:
        own = {f"{PREFIX}LISTEN": address(ports[name]), **_keys(name, endpoints)}
        own |= {f"{PREFIX}NATS_USER": name, f"{PREFIX}NATS_PASSWORD": passwords[name]}
        if name in TUNING:
            # It has a model and an optimizer to save.
            own[f"{PREFIX}GRACE"] = f"{_GRACE:g}"
        patience = _GRACE + 5 if name in TUNING else 6
        programs.append(_module(name, (), {**common, **own}, patience))
    return programs


def _given_tokens(environ: Mapping[str, str]) -> list[str]:
    """Those that the caller has set: whoever shows one of them is let in, too."""
    names = (f"{PREFIX}API_TOKEN", f"{PREFIX}API_TOKEN_FILE")
    return tokens_of(load_settings({name: environ[name] for name in names if name in environ}))


def _module(name: str, arguments: tuple[str, ...], env: dict[str, str], patience: float = 6) -> Program:
    argv = (sys.executable, "-m", f"seedbed.{name}", *arguments)
    return Program(name=name, argv=argv, env=env, patience=patience)


def _common(state: StateFolder, ports: Mapping[str, int]) -> dict[str, str]:
    """Settings of one machine: it notices a dead worker sooner and stops sooner than a cluster does."""
    settings = {
        "NATS_URL": f"nats://{address(ports['nats-server'])}",
        "STORE_URL": state.store.as_uri(),
        "CACHE_FOLDER": str(state.root / "cache"),
        "ACK_WAIT": "5",
        "HEARTBEAT": "1.5",
        "GRACE": "2",
        "LOG_FORMAT": "text",
    }
    for name in ("taxonomy", "runs"):
        if name in ports:
            settings[f"{name.upper()}_ADDRESS"] = address(ports[name])
    return {PREFIX + name: value for name, value in settings.items()}


def _addresses(endpoints: Endpoints | None, ports: Mapping[str, int]) -> dict[str, str]:
    if endpoints is None:
        return {}
    both = {"TEACHER": endpoints.teacher, "JUDGE": endpoints.judge or Endpoint(url="")}
    found = {}
    for role, endpoint in both.items():
        found[f"{PREFIX}{role}_URL"] = resolve_url(endpoint, ports)
        found[f"{PREFIX}{role}_MODEL"] = endpoint.model
        found[f"{PREFIX}{role}_DIALECT"] = endpoint.dialect
        found[f"{PREFIX}{role}_PARAMETERS"] = json.dumps(dict(endpoint.parameters))
    return found


def resolve_url(endpoint: Endpoint, ports: Mapping[str, int]) -> str:
    """Where an endpoint answers, the rehearsal teacher's included."""
    return f"http://{address(ports[REHEARSAL])}/v1" if endpoint.url == REHEARSAL else endpoint.url


def _keys(service: str, endpoints: Endpoints | None) -> dict[str, str]:
    if endpoints is None:
        return {}
    found = {}
    for role in _ASKS.get(service, ()):
        # The teacher judges where no judge is named.
        judge = endpoints.judge if role == "judge" else None
        name, endpoint = ("JUDGE", judge) if judge else ("TEACHER", endpoints.teacher)
        found[f"{PREFIX}{name}_API_KEY"] = endpoint.api_key
        found[f"{PREFIX}{name}_HEADERS"] = json.dumps(dict(endpoint.headers)) if endpoint.headers else ""
    return {name: key for name, key in found.items() if key}
