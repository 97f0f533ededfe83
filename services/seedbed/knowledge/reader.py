"""Reads a document in a limited child process: whatever it does there, this process goes on.

A crash, too much memory or too much time is the document's fault and said so; so is a document without text.
"""

import asyncio
import signal
from dataclasses import asdict, dataclass, field
from json import loads

from seedbed.kernel.errors import ItemError, SeedbedError
from seedbed.knowledge.documents.reading import (
    OUT_OF_MEMORY,
    UNREADABLE,
    UnreadableError,
    converter_for,
)
from seedbed.knowledge.stem import Stem
from seedbed.knowledge.v1.steps_pb2 import Chunk

_COMPLAINT = 500
# What reaches all processes of a service that is asked to stop: no fault of the document being read.
_ASKED_TO_STOP = (-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)


@dataclass(frozen=True)
class Limits:
    """What one document may cost: bytes of memory, seconds of processor and of waiting."""

    memory: int = 1 << 30
    cpu: int = 120
    wall: int = 300


@dataclass(frozen=True)
class Cut:
    """A document's text in UTF-8, its chunks, notes on what is not in the text, and its converter."""

    text: bytes
    chunks: list[Chunk]
    notes: list[str]
    converter: str


@dataclass(frozen=True)
class Reader:
    """Reads documents, a few at a time."""

    limits: Limits = field(default_factory=Limits)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    idle: list[Stem] = field(default_factory=list)
    """Those that read nothing at the moment."""

    async def read(self, name: str, content: bytes, media_type: str, max_tokens: int) -> Cut:
        """Convert a document and cut it. Raises ItemError with the document's name and the reason.

        Raises SeedbedError where it was stopped from outside: the document is to be read again.
        """
        try:
            converter = converter_for(media_type).name
        except UnreadableError as error:
            raise _error(name, str(error)) from error
        async with self.slots:
            status, output, complaint = await self._run(content, media_type, max_tokens)
            if status == -signal.SIGKILL:
                # Not of our doing; a machine short of memory may have hit upon it by chance.
                status, output, complaint = await self._run(content, media_type, max_tokens)
        if status in _ASKED_TO_STOP:
            raise SeedbedError(f"document {name}: its reader was asked to stop; it is read again")
        if status:
            raise _error(name, self._reason(status, complaint))
        return Cut(*_parse(output), converter)

    async def _run(self, content: bytes, media_type: str, max_tokens: int) -> tuple[int, bytes, str]:
        stem = self._take_stem()
        order = {"media_type": media_type, "max_tokens": max_tokens, **asdict(self.limits)}
        try:
            found = await asyncio.to_thread(stem.convert, content, **order)
        except BaseException:
            stem.end()
            raise
        if stem.alive:
            self.idle.append(stem)
        return found

    def _take_stem(self) -> Stem:
        while self.idle:
            stem = self.idle.pop()
            if stem.alive:
                return stem
        return Stem()

    def _reason(self, status: int, complaint: str) -> str:
        last = complaint.rsplit("\n", 1)[-1][:_COMPLAINT]
        if status == UNREADABLE:
            return last
        if status == OUT_OF_MEMORY or "MemoryError" in last:
            return f"reading it takes more than {self.limits.memory >> 20} MiB of memory"
        if status == -signal.SIGXCPU:
            return f"reading it takes more than {self.limits.cpu} s of processor time"
        if status == -signal.SIGALRM:
            return f"reading it takes more than {self.limits.wall} s"
        if status < 0:
            return f"its reader crashed ({signal.Signals(-status).name}); the file may be damaged"
        return f"its reader failed: {last or f'exit status {status}'}"


def _error(name: str, reason: str) -> ItemError:
    return ItemError(f"document {name} cannot be read: {reason}")


def _parse(output: bytes) -> tuple[bytes, list[Chunk], list[str]]:
    start = output.index(b"\n") + 1
    head = loads(output[:start])
    end = start + head["size"]
    lines = output[end:].split(b"\n")
    return output[start:end], [Chunk(**loads(line)) for line in lines if line], head["notes"]
