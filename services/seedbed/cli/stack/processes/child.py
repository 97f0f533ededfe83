"""One child process: started with its own log, dying with its supervisor, stopped with patience."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from seedbed.cli.stack.processes.process_list import Started, signal_group

_LAUNCHER = Path(__file__).with_name("launch.py")
_LOG_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """What to run. `env` may hold secrets, so it is not shown."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    patience: float = 6
    """Seconds that it is given to end: its own grace, and a little more."""
    family: bool = False
    """Whether it starts processes of its own that would outlive it."""


class Child:
    """A program that runs. Start it from the main thread: its life is bound to the thread that made it."""

    def __init__(self, program: Program, log: Path, process: Process) -> None:
        self.program = program
        self.log = log
        self._process = process
        self.started = Started.of(program.name, process.pid)

    @classmethod
    async def start(cls, program: Program, log: Path) -> "Child":
        """Start a program, its output added to the log."""
        if log.exists() and log.stat().st_size > _LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        with _open_log(log) as output:
            process = await asyncio.create_subprocess_exec(
                *_bound(program),
                stdin=DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(program.env),
                # A group of its own: Ctrl-C reaches the supervisor alone, which stops all in order.
                start_new_session=True,
            )
        return cls(program, log, process)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.returncode is None

    async def wait(self) -> int:
        """Wait for its end; the exit status, negative where a signal ended it."""
        return await self._process.wait()

    async def stop(self, patience: float) -> bool:
        """Ask it to end, then make it, with whatever it had started. False where asking was not enough."""
        if self.alive:
            signal_group(self.pid, signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), patience)
        obeyed = not self.alive
        signal_group(self.pid, signal.SIGKILL)
        await self._process.wait()
        return obeyed

    def last_words(self, lines: int = 6) -> str:
        """The end of its log."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - 4096))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return ""
        return "\n".join(text.strip().splitlines()[-lines:])


def _open_log(log: Path) -> IO[bytes]:
    """To be added to, and for its owner alone, one from before included."""
    output = os.fdopen(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")
    os.fchmod(output.fileno(), 0o600)
    return output


def _bound(program: Program) -> tuple[str, ...]:
    """The command that dies with us. Elsewhere than on Linux the services watch SEEDBED_PARENT_PID."""
    if not sys.platform.startswith("linux"):
        return program.argv
    kin = "family" if program.family else "single"
    return (sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), kin, *program.argv)


def describe_exit(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"exit status {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
