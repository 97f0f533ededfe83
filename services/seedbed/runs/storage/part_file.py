"""What is decided of a leaf, a draw each, in a file that has no name and is gone with its process.

They come in the order in which draws are decided, and make up the leaf's part in the order of their numbers:
of two quotas one may lag behind. What a process loses here is decided anew, the same, by the next one.
"""

import asyncio
import os
import tempfile
import weakref
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from seedbed.kernel.errors import StoreError
from seedbed.kernel.store.blobs import put_blob_file
from seedbed.kernel.store.interface import Store

MOST_IN_MEMORY = 1 << 18


class PartFile:
    """Keeps what is decided, draw by draw; in memory are only the offsets and the last few draws."""

    def __init__(self) -> None:
        self._numbers = array("I")
        self._ends = array("Q")
        self._file: IO[bytes] | None = None
        """Opened late: most leaves are small, and a process may have few files open."""
        self._written = 0
        self._last = bytearray()

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, number: int, piece: bytes) -> None:
        """Keep a draw's candidates; where the disk is full they stay in memory, and are tried again later."""
        self._last += piece
        self._numbers.append(number)
        self._ends.append(self._written + len(self._last))

    def write(self) -> None:
        """Have on disk what has gathered. Raises StoreError."""
        if len(self._last) < MOST_IN_MEMORY:
            return
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
                weakref.finalize(self, self._file.close)
            while self._last:
                done = os.pwrite(self._file.fileno(), self._last, self._written)
                self._written += done
                del self._last[:done]
        except OSError as error:
            raise _disk_full(error) from error

    def read(self, first: int = 0) -> Iterator[tuple[int, bytes]]:
        """Draws as they were added, each with its number; those that are added meanwhile are among them."""
        index = first
        while index < len(self._numbers):
            yield self._numbers[index], self._read(index)
            index += 1

    def in_order(self) -> Iterator[bytes]:
        """Candidates of all draws, in the order of the draws' numbers."""
        for index in sorted(range(len(self._numbers)), key=self._numbers.__getitem__):
            yield self._read(index)

    def _read(self, index: int) -> bytes:
        begin, end = self._ends[index - 1] if index else 0, self._ends[index]
        if self._file is None or begin >= self._written:
            return bytes(self._last[begin - self._written : end - self._written])
        found = os.pread(self._file.fileno(), end - begin, begin)
        return found + bytes(self._last[: max(0, end - self._written)])


async def keep_part(store: Store, written: Iterable[bytes]) -> str:
    """Store a part, written to a file first; returns its digest. Raises StoreError."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part"
        await asyncio.to_thread(_write, path, written)
        return await put_blob_file(store, path)


def _write(path: Path, written: Iterable[bytes]) -> None:
    try:
        with path.open("wb") as file:
            file.writelines(written)
    except OSError as error:
        raise _disk_full(error) from error


def _disk_full(error: OSError) -> StoreError:
    """What to say where nothing can be written beside the store."""
    return StoreError(f"cannot write to {tempfile.gettempdir()}: {error}", hint="TMPDIR names another folder")
