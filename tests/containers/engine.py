"""The container engine of this machine: podman or docker, whichever answers."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_MOST = 16_384
_PODMAN_SETTINGS = """\
[containers]
default_ulimits = ["nofile={most}:{most}", "nproc={most}:{most}"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "{runtime}"
"""


class EngineUnavailable(Exception):
    """There is none that answers; says what to do."""


class EngineError(Exception):
    """It would not do what it was asked to; says what it said."""


@dataclass(frozen=True)
class Engine:
    """Its program, and the environment that it needs on this machine."""

    program: str
    environment: Mapping[str, str]

    @property
    def is_podman(self) -> bool:
        return self.program == "podman"

    def run(self, *arguments: str, patience: float = 120) -> str:
        """What it answers. Raises EngineError."""
        return self.call([self.program, *arguments], patience=patience)

    def does(self, *arguments: str) -> bool:
        """Whether it can."""
        try:
            self.run(*arguments)
        except EngineError:
            return False
        return True

    def get(self, image: str) -> None:
        """Pull an image that is not here. Raises EngineError."""
        name = full_name(image)
        if not self.does("image", "inspect", name):
            self.run("pull", "--quiet", name, patience=600)

    def call(self, command: Sequence[str], *, patience: float, more: Mapping[str, str] | None = None) -> str:
        """Run a command that speaks to the engine. Raises EngineError."""
        own = {**self.environment, **(more or {})}
        # Its own group, so that Ctrl-C in the terminal reaches us alone; we end it in order.
        process = subprocess.Popen(
            command,
            env=own,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
        try:
            said, _ = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired as error:
            raise EngineError(f"{' '.join(command)} did not end within {patience:g} s") from error
        finally:
            _end(process)
        if process.returncode:
            raise EngineError(f"{' '.join(command)} ended with {process.returncode}:\n{said[-4000:]}")
        return said.strip()


def _end(process: subprocess.Popen[str]) -> None:
    """End what still runs, and what it has started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)


def full_name(image: str) -> str:
    """An image's name with its registry, which not every engine adds by itself."""
    first, *rest = image.split("/")
    if rest and ("." in first or first == "localhost"):
        return image
    return f"docker.io/{image}" if rest else f"docker.io/library/{image}"


def find() -> Engine:
    """The engine of this machine. Raises EngineUnavailable."""
    silent = []
    for program in ("podman", "docker"):
        if shutil.which(program) is None:
            continue
        engine = Engine(program, {**os.environ, **(_podman_settings() if program == "podman" else {})})
        if engine.does("info"):
            return engine
        silent.append(program)
    if silent:
        verb = "does" if len(silent) == 1 else "do"
        raise EngineUnavailable(f"{' and '.join(silent)} {verb} not answer; try `{silent[0]} info`")
    raise EngineUnavailable("no podman or docker here; on Debian: apt-get install podman catatonit")


def cache() -> Path:
    """A folder for what outlives a call."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base, "seedbed", "containers")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _podman_settings() -> dict[str, str]:
    """Where systemd does not run, what podman would leave to it. Settings of the user's own stay."""
    if Path("/run/systemd/system").is_dir() or "CONTAINERS_CONF" in os.environ:
        return {}
    # Such machines, small or containers themselves, may not raise their limits: these are within them.
    most = min(_MOST, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    # Debian's crun refuses control groups of both versions at once; runc does not mind.
    mixed = Path("/sys/fs/cgroup/unified").is_dir()
    runtime = "runc" if mixed or shutil.which("crun") is None else "crun"
    path = cache() / "containers.conf"
    path.write_text(_PODMAN_SETTINGS.format(most=most, runtime=runtime))
    # Its timers ask for the containers' health; without them it is we who ask.
    return {"CONTAINERS_CONF": str(path), "DISABLE_HC_SYSTEMD": "true"}
