"""A browser without a window: the machine's own Chromium, else one out of the distribution's packages."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.servers import debian
from tests.servers.unavailable import Unavailable

CACHE = "chromium"
_NAMES = ("chromium", "google-chrome", "chromium-browser")
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--enable-logging=stderr", "--virtual-time-budget=5000"),
)
_SAID = re.compile(r'CONSOLE[^"]*"(?P<words>.*)", source')


@dataclass(frozen=True)
class LoadedPage:
    """What a page became, and what its console said."""

    dom: str
    console: list[str]


@dataclass(frozen=True)
class Chromium:
    """A browser."""

    program: str
    libraries: str = ""

    def works(self) -> bool:
        """Whether it starts."""
        try:
            self._run("--version")
        except (OSError, subprocess.CalledProcessError):
            return False
        return True

    def open(self, page: Path, profile: Path, *more: str) -> LoadedPage:
        """Load a page, let its scripts run, and read what it became."""
        flags = (*_FLAGS, f"--user-data-dir={profile}", *more)
        done = self._run(*flags, "--dump-dom", page.as_uri())
        return LoadedPage(done.stdout, [match["words"] for match in _SAID.finditer(done.stderr)])

    def picture(self, page: Path, profile: Path, target: Path, size: str = "1200,2400") -> None:
        """Make a picture of a page."""
        place = (f"--user-data-dir={profile}", f"--screenshot={target}", f"--window-size={size}")
        self._run(*_FLAGS, *place, page.as_uri())

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = dict(os.environ)
        if self.libraries:
            environment["LD_LIBRARY_PATH"] = self.libraries
        command = [self.program, *arguments]
        return subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True, timeout=120
        )


def find() -> Chromium:
    """The machine's browser, or that in the cache. Raises Unavailable."""
    for name in _NAMES:
        if program := shutil.which(name):
            return Chromium(program)
    kept = _of(debian.cache(CACHE))
    if not kept.works():
        raise Unavailable("no browser for the tests; `make servers` fetches one on Debian and its kin")
    return kept


def fetch() -> Chromium:
    """A browser, put into the cache first where there is none. Raises Unavailable."""
    try:
        return find()
    except Unavailable:
        debian.fetch(debian.cache(CACHE), ["chromium"], lambda root: _of(root).works())
        return _of(debian.cache(CACHE))


def _of(root: Path) -> Chromium:
    folders = [*root.glob("usr/lib/*-linux-gnu*"), *root.glob("usr/lib/*-linux-gnu*/pulseaudio")]
    libraries = ":".join(map(str, folders))
    return Chromium(str(root / "usr/lib/chromium/chromium"), libraries)
