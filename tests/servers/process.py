"""Child processes of the tests: quiet, and gone when the tests are, however those end."""

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """Run in a new child: the kernel ends it when the tests are gone."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a server whose output goes to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            # Its own group, so that Ctrl-C in the terminal reaches the tests only; they stop it in order.
            process_group=0,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - the tests start servers from their main thread only
        )


def end(process: subprocess.Popen[bytes], *, patience: float = 10) -> None:
    """Ask it to stop, and insist when it does not."""
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, *, patience: float
) -> None:
    """Wait for a server. Raises RuntimeError with the end of its log where it dies or takes too long."""
    deadline = time.monotonic() + patience
    while not ready():
        dead = process.poll() is not None
        if dead or time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-2000:]
            what = f"ended with {process.returncode}" if dead else f"was not ready within {patience:g} s"
            raise RuntimeError(f"{process.args!r} {what}:\n{tail}")
        time.sleep(0.01)
