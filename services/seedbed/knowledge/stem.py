"""The stem: a process that branches off a limited child for each document, kept from one to the next.

Loading what a child needs takes several times as long as reading most documents; a branch has it at once. It
knows nothing of documents.
"""

import contextlib
import json
import os
import subprocess
import sys
from typing import Any
from weakref import finalize

# What it may see of the environment: no keys, no tokens.
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")
# Nothing is written beside the sources, no folder of the caller stands in for a module, and the path is ours:
# looking for what is installed would take as long as all the rest.
_OPTIONS = ("-B", "-P", "-S")


class Stem:
    """One such process; it ends with whoever holds it."""

    def __init__(self) -> None:
        environment = {key: os.environ[key] for key in _ENVIRONMENT if key in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        command = [sys.executable, *_OPTIONS, "-m", "seedbed.knowledge.convert"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe)
        self.end = finalize(self, _end, self._process)
        """End it, whatever it is at."""

    @property
    def alive(self) -> bool:
        """Whether it takes another document."""
        return self._process.poll() is None

    def convert(self, content: bytes, **order: Any) -> tuple[int, bytes, str]:
        """Exit status, output and complaint of a document's child, or of the stem if that died. Blocks."""
        asked, answers, complained = self._process.stdin, self._process.stdout, self._process.stderr
        if asked is None or answers is None or complained is None:
            raise RuntimeError("it was started with pipes")
        with contextlib.suppress(BrokenPipeError):
            asked.write(json.dumps({**order, "size": len(content)}).encode() + b"\n")
            asked.write(content)
            asked.flush()
        if head := answers.readline():
            status, *sizes = json.loads(head)
            output, complaint = (answers.read(size) for size in sizes)
            if len(complaint) == sizes[1]:
                return status, output, _decode(complaint)
        return self._process.wait() or 1, b"", _decode(complained.read())


def _decode(complaint: bytes) -> str:
    return complaint.decode("utf-8", "replace").strip()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
