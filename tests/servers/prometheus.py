"""A real Prometheus out of the distribution's package: it scrapes what it is told to and answers queries."""

import json
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from tests.servers import debian
from tests.servers.process import end, spawn, wait_until
from tests.servers.unavailable import Unavailable

CACHE = "prometheus"


def _works(root: Path) -> bool:
    try:
        subprocess.run([root / "usr/bin/prometheus", "--version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def find() -> Path:
    """Where it is. Raises Unavailable."""
    root = debian.cache(CACHE)
    if not _works(root):
        raise Unavailable("no Prometheus for the tests; `make servers` fetches it on Debian")
    return root


def fetch() -> Path:
    """Where it is, put there first where it is missing. Raises Unavailable."""
    # What it asks for besides is for its own pages, which nobody looks at here.
    debian.fetch(debian.cache(CACHE), ["prometheus"], _works, alone=True)
    return debian.cache(CACHE)


class Prometheus:
    """A server in a folder of its own, which scrapes one target every second."""

    def __init__(self, root: Path, folder: Path, target: str) -> None:
        self._program = root / "usr/bin/prometheus"
        self._promtool = root / "usr/bin/promtool"
        self._folder = folder
        self._log = folder / "prometheus.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._url = ""
        scrape = {"job_name": "collector", "honor_labels": True, "scrape_interval": "1s"}
        scrape["static_configs"] = [{"targets": [target]}]
        text = yaml.safe_dump({"scrape_configs": [scrape]})
        (folder / "prometheus.yaml").write_text(text)

    def start(self) -> None:
        """Start it on a free port, and wait until it answers."""
        command = [str(self._program), f"--config.file={self._folder}/prometheus.yaml"]
        command += [f"--storage.tsdb.path={self._folder}/data", "--enable-feature=exemplar-storage"]
        command += ["--web.listen-address=127.0.0.1:0", "--log.level=info"]
        self.process = spawn(command, self._log)
        wait_until(self._find, self.process, self._log, patience=30)

    def _find(self) -> bool:
        for line in self._log.read_text().splitlines():
            if 'msg="Listening on"' in line:
                self._url = "http://" + line.partition("address=")[2].split()[0]
        return bool(self._url)

    def stop(self) -> None:
        """Stop it."""
        if self.process is not None:
            end(self.process)

    def query(self, expr: str) -> list[dict[str, Any]]:
        """What an expression comes to now. Raises ValueError where it is none."""
        return self._ask("query", query=expr)["result"]  # type: ignore[no-any-return]

    def query_range(self, expr: str, start: float, end: float) -> list[dict[str, Any]]:
        """What it came to, each second of a time. Raises ValueError where it is none."""
        times = {"start": f"{start:.3f}", "end": f"{end:.3f}", "step": "1"}
        return self._ask("query_range", query=expr, **times)["result"]  # type: ignore[no-any-return]

    def exemplars(self, expr: str) -> list[dict[str, Any]]:
        """The exemplars of the series in an expression."""
        found = self._ask("query_exemplars", query=expr, start="0", end="4102444800")
        return [exemplar for series in found for exemplar in series["exemplars"]]

    def check_rules(self, path: Path) -> None:
        """Have a file of rules looked through. Raises CalledProcessError."""
        subprocess.run([self._promtool, "check", "rules", path], check=True, capture_output=True)

    def _ask(self, what: str, **asked: str) -> Any:
        address = f"{self._url}/api/v1/{what}?{urllib.parse.urlencode(asked)}"
        try:
            with urllib.request.urlopen(address, timeout=20) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(f"{asked['query']}: {error.read().decode()}") from error
