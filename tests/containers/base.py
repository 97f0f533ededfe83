"""The Python image that ours stand on: the real one, or a stand-in where no registry is reached.

`python -m tests.containers.base` makes the stand-in (Debian and its kin, as root; needs debootstrap).
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.containers import engine as engines
from tests.containers.engine import Engine, EngineError, EngineUnavailable, full_name
from tests.deploy.images import DOCKERFILE

STAND_IN = "localhost/seedbed-stand-in/python:bookworm"
_PACKAGES = "python3,python3-venv,python3-pip,python-is-python3,ca-certificates"
_NO_PACKAGES = 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };\n'


class BaseUnavailable(Exception):
    """There is none; says what to do."""


def find(engine: Engine) -> str:
    """The name of an image that is here. Raises BaseUnavailable."""
    real = real_name()
    try:
        engine.get(real)
    except EngineError as error:
        if engine.does("image", "inspect", STAND_IN):
            return STAND_IN
        reason = str(error).splitlines()[-1]
        raise BaseUnavailable(
            f"{real} cannot be pulled: {reason}\n"
            "`make base-image` makes a stand-in for tests out of Debian's packages"
        ) from error
    return full_name(real)


def real_name() -> str:
    """The image that the Dockerfile names."""
    [line] = [line for line in DOCKERFILE.read_text().splitlines() if line.startswith("ARG PYTHON=")]
    return line.removeprefix("ARG PYTHON=")


def make_stand_in(engine: Engine) -> None:
    """Make it, anew. Raises BaseUnavailable, EngineError."""
    if shutil.which("debootstrap") is None or os.geteuid() != 0:
        raise BaseUnavailable("a stand-in takes root and debootstrap; on Debian: apt-get install debootstrap")
    with tempfile.TemporaryDirectory(prefix="seedbed-base-") as folder:
        root = Path(folder, "root")
        command = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", "bookworm", str(root)]
        if subprocess.run(command, check=False).returncode:
            raise BaseUnavailable("debootstrap failed; what it says stands above")
        # The real image's Python is nobody else's, so pip may install there.
        for marker in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
            marker.unlink()
        # As there, apt keeps no package that it has installed.
        root.joinpath("etc/apt/apt.conf.d/no-packages").write_text(_NO_PACKAGES)
        archive = Path(folder, "root.tar")
        exclude = "--exclude=./var/cache/apt/archives/*.deb"
        subprocess.run(["tar", "-C", root, exclude, "-cf", archive, "."], check=True)
        engine.run("import", str(archive), STAND_IN, patience=300)


def main() -> int:
    try:
        engine = engines.find()
        make_stand_in(engine)
    except (BaseUnavailable, EngineError, EngineUnavailable) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{STAND_IN}, a stand-in for {real_name()} in tests; nothing that is deployed is built from it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
