"""A real nats-server with JetStream, on a free port of its own and with a folder of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.servers.process import end, spawn, wait_until

PROGRAM = Path(sys.executable).parent / "nats-server"


class NatsServer:
    """It keeps its port and its store over `stop` or `kill` and `start`, as a restarted server would."""

    def __init__(self, folder: Path, more: str = "", environment: Mapping[str, str] | None = None) -> None:
        """`more` is added to its configuration, which may read from its environment."""
        self._folder = folder
        self._environment = {**os.environ, **(environment or {})}
        self._log = folder / "nats.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._port = -1  # any free one, the first time
        (folder / "nats.conf").write_text(f'jetstream {{ store_dir: "{folder}/store" }}\n{more}')

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it and wait until it listens."""
        command = [str(PROGRAM), "--config", f"{self._folder}/nats.conf", "--addr", "127.0.0.1"]
        command += ["--port", str(self._port), "--ports_file_dir", str(self._folder)]
        self.process = spawn(command, self._log, self._environment)
        ports = self._folder / f"nats-server_{self.process.pid}.ports"
        # The server writes this file once it listens.
        wait_until(lambda: ports.exists() and ports.stat().st_size > 0, self.process, self._log, patience=20)
        self._port = int(json.loads(ports.read_text())["nats"][0].rpartition(":")[2])

    def stop(self) -> None:
        """Stop it in order."""
        if self.process is not None:
            end(self.process)
            self.process = None

    def kill(self) -> None:
        """Pull the plug."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
