"""Services of compose.yaml in containers, as one project with a name of its own."""

import contextlib
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from deploy.make_secrets import make_secrets
from tests.containers.building import VERSION
from tests.containers.engine import Engine, EngineError, EngineUnavailable
from tests.deploy.images import ROOT

_LABEL = "com.docker.compose.project"
_NOT_YET = 0.5
_TRIES = 5
# The first process in there is the engine's own, the next is the service.
_KILL = """
import os
own = (1, os.getpid())
os.kill(min(int(name) for name in os.listdir("/proc") if name.isdecimal() and int(name) not in own), 9)
"""


class Reset:
    """Takes away what stands below."""


@dataclass(frozen=True)
class Override:
    """Takes the place of the list below, which would else go on with it."""

    words: Sequence[str]


class _Dumper(yaml.SafeDumper):
    """Writes that, too, and everything as often as it is meant."""

    def ignore_aliases(self, data: object) -> bool:
        return True


_Dumper.add_representer(Reset, lambda dumper, _: dumper.represent_scalar("!reset", ""))
_Dumper.add_representer(Override, lambda dumper, found: dumper.represent_sequence("!override", found.words))


def dump(over: dict[str, Any]) -> str:
    """As the engine reads it."""
    return yaml.dump(over, Dumper=_Dumper)


@dataclass
class Project:
    """Secrets are made in `folder`, where other things may be, too."""

    engine: Engine
    name: str
    folder: Path
    files: Sequence[Path]
    profiles: Sequence[str]
    told: dict[str, str]

    def __post_init__(self) -> None:
        self.secrets = self.folder / "secrets"
        make_secrets(self.secrets)
        self.told = {"SEEDBED_VERSION": VERSION, "SEEDBED_SECRETS": str(self.secrets), **self.told}
        self._over = self.folder / "compose.over.yaml"

    def lay_over(self, services: dict[str, Any]) -> None:
        """Say what is otherwise than in the files."""
        self._over.write_text(dump({"services": services}))

    def up(self, *services: str) -> None:
        """Start services, whatever they ask for beside them. Raises EngineError."""
        self._compose("up", "--detach", "--no-build", "--no-deps", *services)

    def wait(self, *services: str, patience: float) -> None:
        """Wait until all are well. Raises EngineError with what one says that is not."""
        deadline = time.monotonic() + patience
        for service in services:
            while not self.is_well(service):
                if time.monotonic() > deadline:
                    raise EngineError(
                        f"{service} is not well after {patience:g} s:\n{self.log(service)[-1500:]}"
                    )
                time.sleep(_NOT_YET)

    def is_well(self, service: str) -> bool:
        """What its own question of its health comes to; without one it is enough that it runs."""
        container = self.container(service)
        if not self._asks(container):
            return self._inspect(container, "{{.State.Running}}") == "true"
        if self.engine.is_podman:
            return self.engine.does("healthcheck", "run", container)
        return self._inspect(container, "{{.State.Health.Status}}") == "healthy"

    def _asks(self, container: str) -> bool:
        return self._inspect(container, "{{if .Config.Healthcheck}}asks{{end}}") == "asks"

    def container(self, service: str) -> str:
        """Its one container. Raises EngineError."""
        found = self._list("container", f"label=com.docker.compose.service={service}")
        if len(found) != 1:
            raise EngineError(f"{service} has {len(found)} containers, not 1")
        return found[0]

    def kill(self, service: str) -> None:
        """Kill what runs in its container, as an accident would: the engine has not been asked."""
        # Its own call may die with it.
        with contextlib.suppress(EngineError):
            self.engine.run("exec", self.container(service), "python", "-c", _KILL)

    def started(self, service: str) -> str:
        """When it was last started."""
        return self._inspect(self.container(service), "{{.State.StartedAt}}")

    def log(self, service: str) -> str:
        """What it says."""
        return self.engine.run("logs", self.container(service))

    def remove(self) -> None:
        """Remove all that bears the project's name, as it stands. Raises EngineError."""
        # Docker kills at once; podman would ask first, and wait.
        at_once = ["--time", "0"] if self.engine.is_podman else []
        self._remove("container", "--force", "--volumes", *at_once)
        self._remove("network")
        self._remove("volume")

    def _remove(self, kind: str, *how: str) -> None:
        for tries_left in reversed(range(_TRIES)):
            if not (found := self._list(kind)):
                return
            try:
                self.engine.run(kind, "rm", *how, *found)
            except EngineError:
                # One may have been on its way, or gone in between.
                if not tries_left:
                    raise
                time.sleep(1)

    def _inspect(self, container: str, what: str) -> str:
        return self.engine.run("inspect", "--format", what, container)

    def _list(self, kind: str, *filters: str) -> list[str]:
        words = [word for one in (f"label={_LABEL}={self.name}", *filters) for word in ("--filter", one)]
        everything = ["--all"] if kind == "container" else []
        return self.engine.run(kind, "ls", "--quiet", *everything, *words).split()

    def _compose(self, *arguments: str) -> None:
        files = [word for file in (*self.files, self._over) for word in ("--file", str(file))]
        profiles = [word for profile in self.profiles for word in ("--profile", profile)]
        own = [*self._program, "--project-name", self.name, "--env-file", "/dev/null", *files, *profiles]
        self.engine.call([*own, *arguments], patience=300, more=self.told)

    @cached_property
    def _program(self) -> list[str]:
        if not self.engine.is_podman:
            if not self.engine.does("compose", "version"):
                raise EngineUnavailable(
                    "docker has no compose here; its package docker-compose-plugin brings it"
                )
            return ["docker", "compose"]
        beside = Path(sys.executable).with_name("podman-compose")
        program = str(beside) if beside.exists() else shutil.which("podman-compose")
        if program is None:
            raise EngineUnavailable("there is no podman-compose; `pip install --editable '.[dev]'` brings it")
        return [program]


def own_files() -> list[Path]:
    """compose.yaml, and what lets trainer and evaluator go without a GPU."""
    return [ROOT / "compose.yaml", ROOT / "compose.cpu.yaml"]
