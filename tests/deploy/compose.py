"""compose.yaml on this machine without an engine: its services' own commands, environments and files.

What a container would see under its own name or path is translated to where it is here: addresses to ports of
127.0.0.1, mounted files to their sources, the image's `python` to ours. Everything else is as it is written.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from deploy.make_secrets import make_secrets
from seedbed.cli.stack.ports import choose_ports
from tests.deploy.images import ROOT, read_stages
from tests.servers.process import end, spawn

FILE = ROOT / "compose.yaml"
TLS = ROOT / "compose.tls.yaml"
CPU = ROOT / "compose.cpu.yaml"
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")

Service = dict[str, Any]


def read_compose(environ: Mapping[str, str], *over: Path) -> dict[str, Any]:
    """The file, its variables filled in and others laid over it, as the engine does it."""

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: fill(child) for key, child in value.items()}
        if isinstance(value, list):
            return [fill(child) for child in value]
        if isinstance(value, str):
            return _VARIABLE.sub(lambda found: environ.get(found["name"]) or found["default"] or "", value)
        return value

    filled: dict[str, Any] = fill(yaml.safe_load(FILE.read_text()))
    for file in over:
        laid = fill(yaml.load(file.read_text(), _Loader))
        filled["services"] = _lay_over(filled["services"], laid["services"])
    return filled


class _Loader(yaml.CSafeLoader):
    """Knows the tag that takes away what stands below."""


_GONE = object()
_Loader.add_constructor("!reset", lambda _loader, _node: _GONE)


def _lay_over(below: Any, above: Any) -> Any:
    """Mappings are merged, lists go on, all else is replaced."""
    if isinstance(below, list) and isinstance(above, list):
        return [*below, *above]
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    merged = {**below, **{key: _lay_over(below.get(key), value) for key, value in above.items()}}
    return {key: value for key, value in merged.items() if value is not _GONE}


@dataclass
class Composed:
    """Services of the file, started here. `taken` has the ports of what stands in for some of them."""

    folder: Path
    environ: Mapping[str, str]
    taken: Mapping[str, int]
    over: Sequence[Path] = ()
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.secrets = self.folder / "secrets"
        make_secrets(self.secrets)
        (self.folder / "logs").mkdir()
        told = {"SEEDBED_SECRETS": str(self.secrets), **self.environ}
        self.services: dict[str, Service] = read_compose(told, *self.over)["services"]
        free = [name for name in self.services if name not in self.taken]
        self.ports = {**choose_ports([*free, "monitor"], {}), **self.taken}

    @cached_property
    def _stages(self) -> dict[str, Any]:
        return read_stages()

    def where(self, name: str) -> str:
        """Where a service is reached from here."""
        return f"127.0.0.1:{self.ports[name]}"

    def log(self, name: str) -> Path:
        """What a service says."""
        return self.folder / "logs" / f"{name}.log"

    def start(self, *names: str) -> None:
        """Start services, each with exactly its environment."""
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        for name in names:
            paths = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
            # The image's own Python path is ours here, and its address is one of this machine.
            own = {**kept, "PATH": paths, "PYTHONPATH": str(ROOT / "services"), **self.environment(name)}
            self.processes[name] = spawn(self.command(name), self.log(name), own)

    def stop(self, *names: str) -> None:
        """Stop services, or all, as the engine does: SIGTERM, and patience."""
        for name in names or tuple(reversed(self.processes)):
            end(self.processes.pop(name), patience=40)

    def command(self, name: str) -> list[str]:
        """What a service runs."""
        service = self.services[name]
        if "build" in service:
            words = self._stages[service["build"]["target"]].command
        else:
            words = [*service.get("entrypoint", ()), *service.get("command", ())]
        return [self._translate(name, sys.executable if word == "python" else word) for word in words]

    def environment(self, name: str) -> dict[str, str]:
        """What a service is told: by its image, and by the file over it."""
        service = self.services[name]
        image = self._stages[service["build"]["target"]].environment if "build" in service else {}
        given = {**image, **service.get("environment", {})}
        given.pop("PATH", None)
        return {key: self._translate(name, str(value)) for key, value in given.items()}

    def _translate(self, name: str, value: str) -> str:
        value = value.replace("/run/secrets", str(self.secrets))
        for source, target in self._mounts(name):
            value = value.replace(target, source)
        value = re.sub(r"0\.0\.0\.0:\d+", self.where(name), value)
        for other in self.services:
            value = re.sub(rf"(?<![\w.-]){other}:\d+", self.where(other), value)
        return value

    def _mounts(self, name: str) -> list[tuple[str, str]]:
        """What is mounted where, folders of volumes made here; longest targets first."""
        found = []
        for mount in self.services[name].get("volumes", ()):
            source, target = mount.split(":")[:2]
            if not source.startswith((".", "/")):
                volume = self.folder / "volumes" / name / source
                volume.mkdir(parents=True, exist_ok=True)
                source = str(volume)
            found.append((str(ROOT / source), target))
        return sorted(found, key=lambda pair: -len(pair[1]))


def localize_broker(composed: Composed) -> None:
    """Give the broker a copy of its own configuration, with ports and folder of this machine."""
    own = composed.folder / "nats"
    shutil.copytree(ROOT / "deploy" / "nats", own, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    text = (own / "nats.conf").read_text()
    for port, name in ((4222, "nats"), (8222, "monitor")):
        text = text.replace(f"0.0.0.0:{port}", composed.where(name))
    data = composed.folder / "volumes" / "nats-data"
    data.mkdir(parents=True)
    (own / "nats.conf").write_text(text.replace('"/data"', f'"{data}"'))
    composed.services["nats"]["environment"]["SEEDBED_SECRETS"] = str(composed.secrets)
    composed.services["nats"]["environment"]["SEEDBED_NATS_CONFIG"] = str(own / "nats.conf")
