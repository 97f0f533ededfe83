"""What is tried ends: in time, when it is told to, and with nothing left behind."""

import contextlib
import fcntl
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from tests.containers import engine as engines
from tests.containers.base import BaseUnavailable
from tests.containers.engine import Engine, EngineError, EngineUnavailable
from tests.containers.project import Project, own_files

NAME = "seedbed-try"
"""Of the project, so of every container, network and volume; one at a time bears it."""


class Failed(Exception):
    """Something does not hold; says what."""


def run(what: Callable[[], None], patience: int, *, where_possible: bool = False) -> int:
    """Do it; the exit status. `where_possible`: what is not there is said, and no failure."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    signal.signal(signal.SIGALRM, _too_late)
    signal.alarm(patience)
    try:
        what()
    except (BaseUnavailable, EngineUnavailable) as error:
        say(f"{error}\ncontainers not tried")
        return 0 if where_possible else 2
    except (EngineError, Failed) as error:
        say(str(error))
        return 1
    except TimeoutError:
        say(f"not done within {patience} s")
        return 1
    except KeyboardInterrupt:
        say("stopped; all that was started is gone")
        return 130
    return 0


def _too_late(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError


@contextlib.contextmanager
def project(engine: Engine, told: dict[str, str], *more: Path) -> Iterator[Project]:
    """The services of compose.yaml, and gone afterwards, however it ends."""
    with (
        (engines.cache() / "lock").open("w") as lock,
        tempfile.TemporaryDirectory(prefix="seedbed-try-") as folder,
    ):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another that tries containers on this machine")
            fcntl.flock(lock, fcntl.LOCK_EX)
        made = Project(engine, NAME, Path(folder), [*own_files(), *more], ["rehearsal", "train"], told)
        made.remove()
        try:
            yield made
        finally:
            with _undisturbed():
                made.remove()


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Neither a second Ctrl-C nor the end of the patience stops this; its own steps are bounded."""
    signal.alarm(0)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def say(text: str) -> None:
    """Tell who watches, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
