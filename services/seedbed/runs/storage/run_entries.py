"""Entries of the RUNS bucket: every decision is one compare-and-set on one of them."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import nats.js.errors
from google.protobuf.message import DecodeError
from nats.js.kv import KeyValue

from seedbed.bus.v1.bus_pb2 import Event, LeafEntry, RunEntry, RunState
from seedbed.kernel.bus.nats_errors import is_wrong_revision
from seedbed.kernel.bus.streams import RUNS, Bus
from seedbed.kernel.errors import Conflict, InputError
from seedbed.kernel.logs import get_logger

MOST_BYTES = 1_000_000
"""Bytes that fit into one message beside its headers."""

log = get_logger(__name__)

EntryT = TypeVar("EntryT", RunEntry, LeafEntry)


@dataclass(slots=True)
class Cell(Generic[EntryT]):
    """An entry as we know it, and the revision we know it at."""

    key: str
    value: EntryT
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry whose bytes are none."""

    key: str
    why: str


class Entries:
    """Reads and writes the entries of runs and leaves in the RUNS bucket, by compare-and-set."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def load(self) -> AsyncIterator[Cell[RunEntry] | Cell[LeafEntry] | Unreadable]:
        """All entries of the bucket; one that cannot be read comes as Unreadable, with the reason."""
        for entry in await self._bus.entries(RUNS):
            try:
                yield _open(entry)
            except DecodeError as error:
                yield Unreadable(entry.key, f"its entry {entry.key} cannot be read: {error}")

    async def write(self, cell: Cell[EntryT], change: Callable[[EntryT], None]) -> None:
        """Change an entry, or create it. Raises Conflict where somebody else has changed it.

        The cell then holds what that one wrote, so that the caller decides anew from there.
        """
        value = type(cell.value)()
        value.CopyFrom(cell.value)
        change(value)
        data = value.SerializeToString()
        if len(data) > MOST_BYTES:
            raise InputError(
                f"the run's plan or state has {len(data):,} bytes, of which the bus carries {MOST_BYTES:,}",
                hint="make several runs of fewer leaves each, with --leaf",
            )
        bucket = await self._bus.bucket(RUNS)
        try:
            revision = await self._bus.persist(lambda: bucket.update(cell.key, data, last=cell.revision))
        except nats.js.errors.APIError as error:
            if not is_wrong_revision(error):
                raise
            entry = await self._bus.persist(lambda: bucket.get(cell.key))
            cell.value, cell.revision = type(value).FromString(entry.value or b""), entry.revision or 0
            # A write whose answer was lost is found here as done.
            if entry.value != data:
                message = f"the entry {cell.key} was changed by another process"
                raise Conflict(message, hint="is there a second runs service?") from error
            return
        cell.value, cell.revision = value, revision

    async def put(self, cell: Cell[EntryT]) -> None:
        """Write an entry over whatever stands there, readable or not."""
        bucket, data = await self._bus.bucket(RUNS), cell.value.SerializeToString()
        cell.revision = await self._bus.persist(lambda: bucket.put(cell.key, data))

    async def remove(self, key: str) -> None:
        """Remove an entry, leaving no marker."""
        await self._bus.purge(f"KV_{RUNS}", f"$KV.{RUNS}.{key}")

    async def set_state(
        self, cell: Cell[RunEntry], state: RunState.ValueType, superseded_by: str = ""
    ) -> None:
        """Write a run's state, and publish it for watchers."""

        def change(entry: RunEntry) -> None:
            entry.state, entry.superseded_by = state, superseded_by
            entry.create_time = entry.create_time or time.time()
            entry.end_time = 0 if state == RunState.RUN_STATE_RUNNING else time.time()

        await self.write(cell, change)
        what = RunState.Name(state).lower()
        await self._bus.publish_event(Event(run=cell.key, service="runs", what=what))
        log.info("run state", run=cell.key, state=what)


def _open(entry: KeyValue.Entry) -> Cell[RunEntry] | Cell[LeafEntry]:
    data, revision = entry.value or b"", entry.revision or 0
    if "." in entry.key:
        return Cell(entry.key, LeafEntry.FromString(data), revision)
    return Cell(entry.key, RunEntry.FromString(data), revision)
