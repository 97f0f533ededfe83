"""Ceph out of Debian's packages, unpacked into the user's cache; installs nothing, needs no root."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.servers import debian
from tests.servers.unavailable import Unavailable

PACKAGES = ("radosgw", "ceph-mon", "ceph-osd")


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
    """The Ceph in the cache. Raises Unavailable."""
    ceph = Ceph(debian.cache("ceph"))
    if not ceph.works():
        raise Unavailable("no S3 server for the tests; `make servers` fetches one on Debian and its kin")
    return ceph


def fetch() -> Ceph:
    """The Ceph in the cache, put there first where it is missing. Raises Unavailable."""
    ceph = Ceph(debian.cache("ceph"))
    debian.fetch(ceph.root, PACKAGES, lambda root: Ceph(root).works())
    return ceph
