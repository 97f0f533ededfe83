"""The collector of one machine's stack: started beside it, sent everything, read from when it is gone."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from seedbed.cli.stack.processes.child import Program
from seedbed.cli.stack.state import StateFolder
from seedbed.kernel.settings import PREFIX, Settings

COLLECTOR = "collector"
# On one machine all is traced, and sent often enough to be looked at while it goes on.
_LIVELY: dict[str, str | float] = {"trace_ratio": 1.0, "telemetry_interval": 2.0}


def span_file(state: StateFolder) -> Path:
    """Where the collector keeps its spans."""
    return state.telemetry / "spans.sqlite"


def collector_address(port: int) -> str:
    """Where it takes what it is sent, and below `/metrics` shows what it knows."""
    return f"http://127.0.0.1:{port}"


def with_collector(port: int, token: str, settings: Settings) -> Settings:
    """The settings of a process that reports to it; what somebody has set stays."""
    lively = {name: value for name, value in _LIVELY.items() if name not in settings.model_fields_set}
    own = {"otlp_endpoint": collector_address(port), "otlp_token": SecretStr(token)}
    return settings.model_copy(update={**lively, **own})


def collector_environment(port: int, token: str, settings: Settings) -> dict[str, str]:
    """The same as variables of the environment."""
    configured = with_collector(port, token, settings)
    plain = {name: str(getattr(configured, name)) for name in (*_LIVELY, "otlp_endpoint")}
    return {f"{PREFIX}{name.upper()}": value for name, value in {**plain, "otlp_token": token}.items()}


def collector_program(state: StateFolder, port: int, token: str, env: Mapping[str, str]) -> Program:
    """How to run it: it takes from its own stack alone."""
    listen, folder = f"127.0.0.1:{port}", str(state.telemetry)
    arguments = ("--listen", listen, "--folder", folder, "--parent", str(os.getpid()))
    argv = (sys.executable, "-m", "seedbed.collector", *arguments)
    return Program(name=COLLECTOR, argv=argv, env={**env, f"{PREFIX}API_TOKEN": token})
