"""Builds images: those of deploy/Dockerfile, and stand-ins of what cannot be pulled."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from seedbed.cli.stack.broker.server import find_nats_server
from tests.containers.engine import Engine
from tests.containers.pip_settings import as_file, folders, read
from tests.deploy.images import DOCKERFILE, ROOT, read_stages

VERSION = "try"
TARGETS = tuple(name for name, stage in read_stages().items() if stage.base == "base")
STAND_INS = Path(__file__).with_name("stand_ins")
_PATIENCE = 3600.0


def image(target: str) -> str:
    """What a service's image is named, as in compose.yaml."""
    return f"seedbed/{target}:{VERSION}"


def stand_in_image(service: str) -> str:
    """What the image is named that stands in for another's."""
    return f"seedbed-stand-in/{service}:{VERSION}"


@dataclass(frozen=True)
class Built:
    """An image, how long it took, and how large it is."""

    name: str
    seconds: float
    megabytes: float


@dataclass
class Builder:
    """Builds one after the other, on a base, with pip's settings of this machine."""

    engine: Engine
    base: str
    torch: str = field(default_factory=lambda: os.environ.get("TORCH", "torch==2.13.0"))

    def build(self, target: str) -> Built:
        """The image of a service, as compose.yaml names it."""
        arguments = ["--file", str(DOCKERFILE), "--build-arg", f"TORCH={self.torch}"]
        return self._build(image(target), target, arguments, ROOT)

    def build_stand_in(self, name: str) -> Built:
        """The image of a server in the place of one that cannot be pulled."""
        with tempfile.TemporaryDirectory(prefix="seedbed-stand-in-") as folder:
            context = Path(folder, "context")
            shutil.copytree(STAND_INS, context)
            shutil.copy(find_nats_server(), context / "nats-server")
            return self._build(stand_in_image(name), name, [], context)

    def _build(self, tag: str, target: str, arguments: list[str], context: Path) -> Built:
        begun = time.monotonic()
        with self._pip() as pip:
            command = ["build", *pip, "--build-arg", f"PYTHON={self.base}", *arguments]
            command += ["--target", target, "--tag", tag, str(context)]
            self.engine.run(*command, patience=_PATIENCE)
        size = int(self.engine.run("image", "inspect", "--format", "{{.Size}}", tag))
        return Built(tag, time.monotonic() - begun, size / 1e6)

    @contextmanager
    def _pip(self) -> Iterator[list[str]]:
        """Arguments by which pip in a build is told what it is told here, and sees what that names."""
        settings = read()
        mounts: list[str] = []
        if self.engine.is_podman:
            mounts = ["--format", "docker"]  # The other one knows no HEALTHCHECK.
            for path in folders(settings):
                mounts += ["--volume", f"{path}:{path}:ro"]
        else:
            # It mounts nothing of this machine into a build.
            settings = {name: value for name, value in settings.items() if not folders({name: value})}
        with tempfile.NamedTemporaryFile("w", prefix="seedbed-pip-") as file:
            file.write(as_file(settings))
            file.flush()
            yield [*mounts, "--secret", f"id=pip,src={file.name}"]
