"""Which processes a supervisor started, on disk, so that the next one can end what a dead one left behind."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

# The start time is reckoned from the boot time, which moves a little when the clock is set.
_SAME_START = 2.0
_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Started:
    """A process: its pid, and when it started, as a later one may have the same pid."""

    name: str
    pid: int
    started: float

    @classmethod
    def of(cls, name: str, pid: int) -> "Started":
        """Note a process that runs now. A process already gone has started at 0."""
        try:
            return cls(name, pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return cls(name, pid, 0.0)

    def find(self) -> psutil.Process | None:
        """The process itself, where it still runs."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) <= _SAME_START
            alive = same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if alive else None


class ProcessList:
    """The list on disk; only the holder of the state folder's lock writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[Started]:
        try:
            rows = json.loads(self._path.read_text(encoding="utf-8"))
            return iter([Started(str(row["name"]), int(row["pid"]), float(row["started"])) for row in rows])
        except FileNotFoundError:
            return iter([])
        except (ValueError, TypeError, KeyError):
            # Half a file after a power cut: then the machine has ended the processes, too.
            return iter([])

    def add(self, started: Started) -> None:
        """Note a process, in place of an earlier one of that name."""
        self._write([*(row for row in self if row.name != started.name), started])

    def clear(self) -> None:
        """Forget all of them."""
        self._path.unlink(missing_ok=True)

    def _write(self, rows: list[Started]) -> None:
        write_whole(self._path, json.dumps([asdict(row) for row in rows]))


def end_leftovers(processes: ProcessList) -> list[str]:
    """End every process on the list that still runs, with its group, and return their names."""
    found = [(row.name, process) for row in processes if (process := row.find()) is not None]
    for _, process in found:
        signal_group(process.pid, signal.SIGTERM)
    _, alive = psutil.wait_procs([process for _, process in found], timeout=_PATIENCE)
    for process in alive:
        signal_group(process.pid, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=_PATIENCE)
    processes.clear()
    return [name for name, _ in found]


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process and all it started; children lead a group of their own."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        pass
    except PermissionError:
        # macOS says so of a group in which only a zombie is left.
        pass


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
