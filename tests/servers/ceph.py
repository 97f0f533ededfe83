"""Ceph out of the distribution's packages, unpacked into the user's cache; installs nothing, needs no root.

`python -m tests.servers.ceph` fetches it where it is missing.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("radosgw", "ceph-mon", "ceph-osd")

# `Inst libfmt9 (9.1.0+ds1-2 Debian:12 [amd64])`, and `[9.0]` after the name where an older one is replaced.
_PLANNED = re.compile(r"Inst (?P<name>\S+)(?: \[\S+\])? \((?P<version>\S+)")


class CephUnavailable(Exception):
    """There is none here; says why and what to do."""


@dataclass(frozen=True)
class Ceph:
    """An unpacked Ceph."""

    root: Path

    @property
    def libraries(self) -> Path:
        """Where its libraries are; the folder's name holds the machine's architecture."""
        return next((self.root / "usr/lib").glob("*-linux-gnu"))

    def environment(self, configuration: Path) -> dict[str, str]:
        """What its programs need to find one another."""
        libraries = self.libraries
        system = self.root / "lib" / libraries.name
        return {
            "LD_LIBRARY_PATH": f"{libraries}:{libraries}/ceph:{system}",
            "PATH": f"{self.root}/usr/bin:{self.root}/usr/sbin:{os.environ['PATH']}",
            "PYTHONPATH": f"{self.root}/usr/lib/python3/dist-packages",
            "CEPH_CONF": str(configuration),
        }

    def works(self) -> bool:
        """Whether its programs find their libraries; a cache taken from another machine may not."""
        try:
            for program in ("radosgw", "ceph-mon", "ceph-osd"):
                command = [f"{self.root}/usr/bin/{program}", "--version"]
                environment = self.environment(Path("/dev/null"))
                subprocess.run(command, env=environment, check=True, capture_output=True)
        except (OSError, StopIteration, subprocess.CalledProcessError):
            return False
        return True


def find() -> Ceph:
    """The Ceph in the cache. Raises CephUnavailable."""
    ceph = Ceph(_cache())
    if not ceph.works():
        raise CephUnavailable("no S3 server for the tests; `make s3` fetches one on Debian and its kin")
    return ceph


def fetch() -> Ceph:
    """The Ceph in the cache, put there first where it is missing. Raises CephUnavailable."""
    ceph = Ceph(_cache())
    ceph.root.parent.mkdir(parents=True, exist_ok=True)
    with (ceph.root.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if ceph.works():
            return ceph
        with tempfile.TemporaryDirectory(dir=ceph.root.parent) as folder:
            fresh = Ceph(Path(folder, "root"))
            _unpack(_download(Path(folder)), fresh.root)
            if not fresh.works():
                raise CephUnavailable(f"the packages {', '.join(PACKAGES)} do not run on this machine")
            shutil.rmtree(ceph.root, ignore_errors=True)
            fresh.root.rename(ceph.root)
    return ceph


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "seedbed", "ceph", "root")


def _download(folder: Path) -> list[Path]:
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise CephUnavailable("fetching an S3 server takes apt-get and dpkg, so Debian or its kin")
    try:
        _download_missing(folder)
    except subprocess.CalledProcessError:
        # The lists of packages may be missing or old; to bring them up to date takes root.
        subprocess.run(["apt-get", "-q", "update"], check=False, capture_output=True)
        try:
            _download_missing(folder)
        except subprocess.CalledProcessError as error:
            reason = error.stderr.decode(errors="replace").strip()
            raise CephUnavailable(f"apt-get does not give {', '.join(PACKAGES)}: {reason}") from error
    return list(folder.glob("*.deb"))


def _download_missing(folder: Path) -> None:
    """Download the packages and all they stand on that this machine lacks."""
    plan = ["apt-get", "-s", "--no-install-recommends", "install", *PACKAGES]
    lines = subprocess.run(plan, check=True, capture_output=True).stdout.decode().splitlines()
    found = [match for line in lines if (match := _PLANNED.match(line))]
    wanted = [f"{match['name']}={match['version']}" for match in found]
    subprocess.run(["apt-get", "-q", "download", *wanted], check=True, capture_output=True, cwd=folder)


def _unpack(packages: list[Path], root: Path) -> None:
    for package in packages:
        subprocess.run(["dpkg", "-x", package, root], check=True, capture_output=True)


if __name__ == "__main__":
    try:
        print(f"the S3 server for the tests is in {fetch().root}")
    except CephUnavailable as error:
        sys.exit(str(error))
