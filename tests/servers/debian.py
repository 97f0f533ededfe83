"""Programs out of the distribution's packages, unpacked into the user's cache; installs nothing."""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.servers.unavailable import Unavailable

# `Inst libfmt9 (9.1.0+ds1-2 Debian:12 [amd64])`, and `[9.0]` after the name where an older one is replaced.
_PLANNED = re.compile(r"Inst (?P<name>\S+)(?: \[\S+\])? \((?P<version>\S+)")


def cache(name: str) -> Path:
    """Where a program's files are."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "seedbed", name, "root")


def fetch(root: Path, packages: Sequence[str], works: Callable[[Path], bool], *, alone: bool = False) -> None:
    """Put packages into a folder where they are missing. `alone`: without those they ask for.

    Raises Unavailable.
    """
    root.parent.mkdir(parents=True, exist_ok=True)
    with (root.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if works(root):
            return
        with tempfile.TemporaryDirectory(dir=root.parent) as folder:
            fresh = Path(folder, "root")
            for package in _download(Path(folder), packages, alone=alone):
                subprocess.run(["dpkg", "-x", package, fresh], check=True, capture_output=True)
            if not works(fresh):
                raise Unavailable(f"the packages {', '.join(packages)} do not run on this machine")
            shutil.rmtree(root, ignore_errors=True)
            fresh.rename(root)


def _download(folder: Path, packages: Sequence[str], *, alone: bool) -> list[Path]:
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise Unavailable("fetching packages takes apt-get and dpkg, so Debian or its kin")
    try:
        _get(folder, packages, alone=alone)
    except subprocess.CalledProcessError:
        # The lists of packages may be missing or old; to bring them up to date takes root.
        subprocess.run(["apt-get", "-q", "update"], check=False, capture_output=True)
        try:
            _get(folder, packages, alone=alone)
        except subprocess.CalledProcessError as error:
            reason = error.stderr.decode(errors="replace").strip()
            raise Unavailable(f"apt-get does not give {', '.join(packages)}: {reason}") from error
    return list(folder.glob("*.deb"))


def _get(folder: Path, packages: Sequence[str], *, alone: bool) -> None:
    """Download the packages, and all they stand on that this machine lacks."""
    wanted = list(packages)
    if not alone:
        plan = ["apt-get", "-s", "--no-install-recommends", "install", *packages]
        lines = subprocess.run(plan, check=True, capture_output=True).stdout.decode().splitlines()
        found = [match for line in lines if (match := _PLANNED.match(line))]
        wanted = [f"{match['name']}={match['version']}" for match in found]
    subprocess.run(["apt-get", "-q", "download", *wanted], check=True, capture_output=True, cwd=folder)
