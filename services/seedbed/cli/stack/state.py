"""The state folder of one machine's stack: who holds it, on which ports it answers, where its files are."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from seedbed.cli.stack.credentials import close_folder, keep_token, read_token
from seedbed.cli.stack.ports import choose_ports
from seedbed.cli.stack.processes.process_list import ProcessList, Started, end_leftovers, write_whole
from seedbed.kernel.errors import Conflict, InputError
from seedbed.kernel.formats.format_numbers import FORMAT_FILE, STATE, Mark

LOOK = "for a look"
# Each closed for itself: the folder around them may be one that is open to all.
_FOLDERS = ("cache", "jetstream", "logs", "store", "telemetry")
_PATIENCE = 20.0


MIGRATIONS: "dict[int, Callable[[StateFolder], None]]" = {}
"""From a number to the next. The new number is written last, so one that was cut off is done again."""


class StateFolder:
    """A folder like `.seedbed/`. Everything a stack keeps is below it."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        self.processes = ProcessList(self.root / "processes.json")
        self._supervisor = ProcessList(self.root / "supervisor.json")
        self._ports = self.root / "ports.json"
        self._format = self.root / FORMAT_FILE
        self.token_file = self.root / "api_token"

    @property
    def store(self) -> Path:
        """Where the store keeps its objects."""
        return self.root / "store"

    @property
    def telemetry(self) -> Path:
        """Where the collector keeps what it receives."""
        return self.root / "telemetry"

    @property
    def jetstream(self) -> Path:
        """Where the broker keeps its streams."""
        return self.root / "jetstream"

    def log(self, name: str) -> Path:
        """Where a process writes what it has to say."""
        return self.root / "logs" / f"{name}.log"

    @property
    def exists(self) -> bool:
        """Whether a stack was ever started here. Raises InputError, NewerFormat."""
        try:
            self._read_format()
            return self._ports.is_file()
        except PermissionError as error:
            raise InputError(
                f"the state folder {self.root} is closed to you",
                hint="it is for its own user alone: name one of yours with --state",
            ) from error

    @property
    def token(self) -> str:
        """What its stack asks its callers for; empty where none was ever started."""
        return read_token(self.token_file)

    def keep_token(self) -> str:
        """The same, made where there is none. Hold the folder."""
        return keep_token(self.token_file)

    def prepare(self) -> None:
        """Make the folder, closed to all other users. Raises InputError, NewerFormat."""
        try:
            # Of a later version nothing is touched.
            self._read_format()
            for folder in (self.root, *(self.root / name for name in _FOLDERS)):
                close_folder(folder)
            write_whole(self.root / ".gitignore", "*\n")
        except OSError as error:
            raise InputError(
                f"the state folder {self.root} cannot be used: {error.strerror or error}",
                hint="name a folder that can be written with --state",
            ) from error

    @contextmanager
    def hold(self, purpose: str) -> Iterator[list[str]]:
        """Hold the folder alone; yields the names of the processes a dead holder had left behind.

        Raises Conflict where another holds it, InputError, NewerFormat.
        """
        self.prepare()
        lock = FileLock(self.root / "lock")
        try:
            # A look is over in a moment; all else may take days.
            lock.acquire(timeout=_PATIENCE if self._holder() == LOOK else 0)
        except Timeout as error:
            raise Conflict(
                f"the state folder {self.root} is held by {self._describe_holder()}",
                hint="wait for it, stop it, or name another folder with --state",
            ) from error
        try:
            self._settle_format()
            ended = end_leftovers(self.processes)
            self._supervisor.clear()
            self._supervisor.add(Started.of(purpose, os.getpid()))
            yield ended
        finally:
            self._supervisor.clear()
            lock.release()

    def _read_format(self) -> tuple[Mark, bool]:
        """The number it bears, and whether that stands there. Raises NewerFormat."""
        try:
            data: bytes | None = self._format.read_bytes()
        except FileNotFoundError:
            data = None
        where = f"the state folder {self.root}"
        mark = Mark.read(data, where)
        STATE.check(mark, where)
        return mark, data is not None

    def _settle_format(self) -> None:
        """Bring it to the form that this version keeps it in, and mark it. Hold the folder."""
        mark, written = self._read_format()
        for number in range(mark.number, STATE.number):
            MIGRATIONS[number](self)
        if not written or mark.number < STATE.number:
            write_whole(self._format, STATE.mark().decode())

    def _holder(self) -> str:
        """What the holder is at; empty where nobody holds the folder."""
        return next((row.name for row in self._supervisor if row.find()), "")

    def _describe_holder(self) -> str:
        for row in self._supervisor:
            return f"`seedbed {row.name}`, process {row.pid}"
        return "another process"

    def live_ports(self) -> dict[str, int]:
        """The ports of the stack that runs here now; empty where none does. One for a look is not meant."""
        if self._holder() in ("", LOOK):
            return {}
        running = {row.name for row in self.processes}
        return {name: port for name, port in self._kept_ports().items() if name in running}

    def choose_ports(self, names: list[str]) -> dict[str, int]:
        """Ports for these names, kept for the next start."""
        kept = self._kept_ports()
        chosen = choose_ports(names, kept, str(self.root))
        write_whole(self._ports, json.dumps({**kept, **chosen}, indent=1, sort_keys=True))
        return chosen

    def _kept_ports(self) -> dict[str, int]:
        try:
            return {str(name): int(port) for name, port in json.loads(self._ports.read_text()).items()}
        except (FileNotFoundError, ValueError, TypeError, AttributeError):
            return {}
