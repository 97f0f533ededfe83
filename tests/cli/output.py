"""What a child process says first."""

import subprocess


def first_line(process: subprocess.Popen[bytes]) -> bytes:
    """Its first line on stdout, waited for."""
    assert process.stdout is not None
    return process.stdout.readline()
