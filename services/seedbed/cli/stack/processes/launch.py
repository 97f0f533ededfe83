"""Become another program that dies with its supervisor: `python -I -S launch.py PARENT KIN PROGRAM …`.

Where KIN is `family`, what the program starts ends with it; `single` is for one that starts nothing.
Linux only, and nothing of Seedbed is imported here: what this file becomes is all that anyone sees.
"""

import ctypes
import os
import signal
import sys
import time

_LOOK = 0.5
_PR_SET_PDEATHSIG = 1


def main(parent: int, kin: str, argv: list[str]) -> None:
    """Ask the kernel for SIGKILL when the parent ends, then become `argv`."""
    # The setting outlives execve. SIGKILL, as nobody is left who would send it after a SIGTERM.
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        sys.exit(f"prctl failed: {os.strerror(ctypes.get_errno())}")
    # The parent may have ended before the kernel was asked.
    if os.getppid() != parent:
        sys.exit("the supervisor is gone")
    program = os.getpid()
    if kin == "family" and not os.fork():
        _end_with(program)
    os.execvp(argv[0], argv)  # noqa: S606  becoming a program is what this is for


def _end_with(program: int) -> None:
    """Wait for the end of the program, whatever ends it; then end all of its group."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while os.getppid() == program:
        time.sleep(_LOOK)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
