"""A peer's work in a folder, over as many processes as it takes."""

import contextlib
import json
import os
import signal
import subprocess
from pathlib import Path

from benchmarks.peers.packages import Peer
from tests.faults.stage import Teacher

HERE = Path(__file__).resolve().parent
AT_ONCE = 64
PATIENCE = 240.0


class Life:
    """A peer's folder: what it makes there, over as many processes as it takes."""

    def __init__(self, peer: Peer, folder: Path, teacher: Teacher, rows: int) -> None:
        self._peer = peer
        self._folder = folder
        self._teacher = teacher
        folder.mkdir()
        # Counted from 1: to some of them 0 is no id.
        self.write({number: f"item {number}" for number in range(1, rows + 1)})

    def write(self, texts: dict[int, str]) -> None:
        """Write the rows that are wanted."""
        lines = [json.dumps({"id": number, "text": text}) for number, text in texts.items()]
        (self._folder / "rows.jsonl").write_text("".join(f"{line}\n" for line in lines))
        self.texts = texts

    def start(self) -> subprocess.Popen[bytes]:
        """Start its process, in a group of its own."""
        script = HERE / f"{self._peer.name}_job.py"
        command = [str(self._peer.python), str(script), "--url", self._teacher.url]
        command += ["--at-once", str(AT_ONCE), "--folder", str(self._folder)]
        (self._folder / "out.jsonl").unlink(missing_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                command, stdout=log, stderr=log, env=kept, cwd=self._folder, start_new_session=True
            )

    def run(self) -> str:
        """Run it to its end; returns what was wrong."""
        process = self.start()
        try:
            code = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return f"no end within {PATIENCE:g} s"
        finally:
            end(process)
        return "" if code == 0 and self.made() else f"aborts (exit status {code})"

    def made(self) -> list[dict[str, str]]:
        """The rows that came of it."""
        path = self._folder / "out.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def end(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL for it and all it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
