"""Entries of the RUNS bucket: every decision is one compare-and-set on one of them."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import nats.js.errors

from seedbed.bus.v1.bus_pb2 import LeafEntry, RunEntry
from seedbed.kernel.bus import RUNS, Bus, is_wrong_revision
from seedbed.kernel.errors import Conflict

EntryT = TypeVar("EntryT", RunEntry, LeafEntry)


@dataclass(slots=True)
class Cell(Generic[EntryT]):
    """An entry as we know it, and the revision we know it at."""

    key: str
    value: EntryT
    revision: int = 0


class Entries:
    """Reads and writes entries."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def load(self) -> AsyncIterator[Cell[RunEntry] | Cell[LeafEntry]]:
        """All entries there are."""
        async for entry in self._bus.watch(RUNS):
            if entry is None:
                return
            data, revision = entry.value or b"", entry.revision or 0
            if "." in entry.key:
                yield Cell(entry.key, LeafEntry.FromString(data), revision)
            else:
                yield Cell(entry.key, RunEntry.FromString(data), revision)

    async def write(self, cell: Cell[EntryT], change: Callable[[EntryT], None]) -> None:
        """Change an entry, or create it. Raises Conflict where somebody else has changed it."""
        value = type(cell.value)()
        value.CopyFrom(cell.value)
        change(value)
        data = value.SerializeToString()
        bucket = await self._bus.bucket(RUNS)
        try:
            revision = await self._bus.persist(lambda: bucket.update(cell.key, data, last=cell.revision))
        except nats.js.errors.APIError as error:
            if not is_wrong_revision(error):
                raise
            revision = await self._adopt(cell.key, data)
        cell.value, cell.revision = value, revision

    async def _adopt(self, key: str, data: bytes) -> int:
        # A write whose answer was lost is found here as done.
        bucket = await self._bus.bucket(RUNS)
        entry = await self._bus.persist(lambda: bucket.get(key))
        if entry.value != data:
            raise Conflict(f"the entry {key} was changed by another process")
        return entry.revision or 0
