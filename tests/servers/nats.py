"""A real nats-server with JetStream, on a free port of its own and with a folder of its own."""

import json
import subprocess
import sys
from pathlib import Path

from tests.servers.process import end, spawn, wait_until

PROGRAM = Path(sys.executable).parent / "nats-server"


class NatsServer:
    """It keeps its port and its store over `stop` or `kill` and `start`, as a restarted server would."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "nats.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._port = -1  # any free one, the first time
        (folder / "nats.conf").write_text(f'jetstream {{ store_dir: "{folder}/store" }}\n')

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it and wait until it listens."""
        command = [str(PROGRAM), "--config", f"{self._folder}/nats.conf", "--addr", "127.0.0.1"]
        command += ["--port", str(self._port), "--ports_file_dir", str(self._folder)]
        self._process = spawn(command, self._log)
        ports = self._folder / f"nats-server_{self._process.pid}.ports"
        # The server writes this file once it listens.
        wait_until(lambda: ports.exists() and ports.stat().st_size > 0, self._process, self._log, patience=20)
        self._port = int(json.loads(ports.read_text())["nats"][0].rpartition(":")[2])

    def stop(self) -> None:
        """Stop it in order."""
        if self._process is not None:
            end(self._process)
            self._process = None

    def kill(self) -> None:
        """Pull the plug."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
