"""A run of the whole stack that can be hurt: its processes by name, and a teacher that counts."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from seedbed.cli.stack.ports import choose_ports
from seedbed.cli.stack.processes.process_list import ProcessList
from tests.servers.process import spawn

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("taxonomy", "runs", "knowledge", "skills", "judge")
AT_ONCE = 8
PATIENCE = 450.0
SOAK_PATIENCE = 1800.0


def wait_for(happened: Callable[[], Any], what: str, patience: float = PATIENCE) -> None:
    """Wait until something has happened. Raises AssertionError that names it."""
    deadline = time.monotonic() + patience
    while not happened():
        assert time.monotonic() < deadline, f"{what}: not within {patience:g} s"
        time.sleep(0.01)


class Teacher:
    """The mock endpoint as a process that may die: it keeps its port and its counters over its lives."""

    def __init__(self, folder: Path, **options: float | str) -> None:
        self._folder = folder
        chosen = {"delay_ms": 30, "acceptance": 0.7, **options}
        self._options = [f"--{name.replace('_', '-')}={value}" for name, value in chosen.items()]
        self._before = 0
        self._process: subprocess.Popen[bytes] | None = None
        self.port = choose_ports(["teacher"], {})["teacher"]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def asked(self) -> int:
        """Chat requests in all its lives; those that only look whether it is there are not counted."""
        return self._before + (self._read() if self._process else 0)

    def start(self) -> None:
        log = self._folder / f"teacher-{time.monotonic_ns()}.log"
        program = str(ROOT / "benchmarks" / "mock_endpoint.py")
        command = [sys.executable, program, "--listen", f"127.0.0.1:{self.port}", *self._options]
        self._process = spawn(command, log)
        wait_for(lambda: b"http" in log.read_bytes(), "the teacher starts", 20)

    def freeze(self) -> None:
        """Answer nobody until `thaw`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None:
            self._before += self._read()
            self._process.kill()
            self._process.wait()
            self._process = None

    def stats(self) -> dict[str, Any]:
        """What it has counted in this life."""
        with urllib.request.urlopen(self.url.replace("/v1", "/stats"), timeout=20) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def _read(self) -> int:
        stats = self.stats()
        return int(stats["requests"]) - int(stats["by_schema"].get("", 0))


def hash_files(folder: Path) -> dict[str, str]:
    """Every file of a folder by its hash."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@contextmanager
def open_teacher(folder: Path, **options: float | str) -> Iterator[Teacher]:
    """A teacher that is gone with the test."""
    teacher = Teacher(folder, **options)
    teacher.start()
    try:
        yield teacher
    finally:
        teacher.kill()


@dataclass
class Run:
    """`seedbed generate` on a folder of its own; started again it goes on."""

    folder: Path
    taxonomy: Path
    teacher: Teacher
    target: int
    environment: dict[str, str] = field(default_factory=dict)
    at_once: int = AT_ONCE
    options: tuple[str, ...] = ()
    """Of the command, besides those that are always given."""
    kills: list[str] = field(default_factory=list)
    """Who was killed, in order."""
    _process: subprocess.Popen[bytes] | None = None
    _doubles: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def said(self) -> str:
        """What the command has told people so far, over all its lives."""
        return (self.folder / "said.log").read_text()

    def start(self) -> "Run":
        command = [sys.executable, "-m", "seedbed.cli", "generate", str(self.taxonomy), "--json"]
        command += ["--teacher", self.teacher.url, "--model", "mock", "--concurrency", str(self.at_once)]
        command += ["--target", str(self.target), "--state", str(self.state)]
        command += ["--out", str(self.folder / "dataset"), *self.options]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SEEDBED_")}
        inherited["PYTHONPATH"] = str(ROOT / "services")
        self.folder.mkdir(exist_ok=True)
        self._process = spawn(command, self.folder / "said.log", {**inherited, **self.environment})
        return self

    def process(self, name: str) -> psutil.Process | None:
        """A process of the stack, while it lives."""
        rows = [row for row in ProcessList(self.state / "processes.json") if row.name == name]
        return rows[0].find() if rows else None

    def processes(self) -> list[psutil.Process]:
        """The command and all below it that live."""
        try:
            command = psutil.Process(self._process.pid) if self._process else None
            return [command, *command.children(recursive=True)] if command else []
        except psutil.NoSuchProcess:
            return []

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a process of the stack, once it is there."""
        wait_for(lambda: self.process(name) or self.ended, f"{name} runs")
        if process := self.process(name):
            process.send_signal(number)

    def kill(self, *names: str) -> None:
        """SIGKILL, without a word."""
        for name in names:
            self.kills.append(name)
            self.signal(name, signal.SIGKILL)

    def double(self, name: str, **more: str) -> subprocess.Popen[bytes]:
        """Start one more process of a service, as a cluster would, and wait until it serves.

        `more` is its own environment.
        """
        first = self.process(name)
        assert first is not None
        own = {"SEEDBED_LISTEN": "127.0.0.1:0", "SEEDBED_PARENT_PID": "0", **more}
        command = [sys.executable, "-m", f"seedbed.{name}"]
        log = self.folder / f"{name}-{len(self._doubles) + 2}.log"
        self._doubles.append(spawn(command, log, {**first.environ(), **own}))
        wait_for(lambda: b" serving " in log.read_bytes(), f"another {name} serves")
        return self._doubles[-1]

    def kill_command(self) -> None:
        """SIGKILL for the command itself, which takes its stack with it."""
        self.kills.append("generate")
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def interrupt(self) -> None:
        """Ctrl-C: the command stops its stack in order."""
        self.kills.append("interrupted")
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60)

    def reach(self, asked: int) -> None:
        """Wait until the teacher was asked so often, or the run has ended."""
        wait_for(lambda: self.teacher.asked >= asked or self.ended, f"{asked} calls")

    @property
    def ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def finish(self, patience: float = PATIENCE, *, short: bool = False) -> dict[str, Any]:
        """Wait for the end, which may be `short` of the targets; returns the summary."""
        try:
            wait_for(lambda: self.ended, "the run ends", patience)
        except AssertionError as error:
            raise AssertionError(f"{error}\nkilled: {self.kills}\n{self.said[-3000:]}") from None
        assert self._process is not None
        assert self._process.returncode in ((0, 3) if short else (0,)), self.said[-3000:]
        lines = [line for line in self.said.splitlines() if line.startswith('{"run"')]
        summary: dict[str, Any] = json.loads(lines[-1])
        return summary

    def stop(self) -> None:
        """End it, whatever it is at."""
        for process in (*self._doubles, *([self._process] if self._process else [])):
            process.kill()
            process.wait()

    def dataset(self) -> dict[str, str]:
        """Every file of the dataset by its hash."""
        return hash_files(self.folder / "dataset")


@dataclass(frozen=True)
class Undisturbed:
    """The run that nothing happened to."""

    taxonomy: Path
    target: int
    asked: int
    dataset: dict[str, str]

    def compare(self, run: Run, *, repeats: int, patience: float = PATIENCE) -> None:
        """See that a run came to the same, for at most so many calls more."""
        summary = run.finish(patience)
        more = run.teacher.asked - self.asked
        print(
            f"killed {len(run.kills)}: {run.kills}; {more} of {self.asked} calls repeated, {repeats} allowed"
        )
        assert summary["dead"] == 0
        assert run.dataset() == self.dataset
        assert 0 <= more <= repeats


def run_undisturbed(
    folder: Path, taxonomy: Path, target: int, at_once: int = AT_ONCE, **options: float | str
) -> Undisturbed:
    """Make a run that nothing happens to. The options are the teacher's."""
    with open_teacher(folder, **options) as teacher:
        run = Run(folder / "run", taxonomy, teacher, target, at_once=at_once).start()
        try:
            run.finish(SOAK_PATIENCE)
        finally:
            run.stop()
        return Undisturbed(taxonomy, target, teacher.asked, run.dataset())
