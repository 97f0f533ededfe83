"""The memo: the records of leaves in progress, created if absent; the first one wins."""

from dataclasses import dataclass

from google.protobuf.message import DecodeError

from seedbed.bus.v1.bus_pb2 import Item, Record
from seedbed.kernel.bus.streams import MEMO, Bus
from seedbed.kernel.errors import BusError, Damaged, NotFound
from seedbed.kernel.store.blobs import blob_key, get_blob, put_blob
from seedbed.kernel.store.interface import Store
from seedbed.pipeline.items import item_name

INLINE_LIMIT = 256 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """A record and the revision it was read at."""

    record: Record
    revision: int


def record_key(place: str, step: str, name: str) -> str:
    """Where a record is. The step is in it so that each service may be let near its own records only."""
    return f"{place}.{step}.{name}"


def memo_key(item: Item) -> str:
    """Where the record of an item is."""
    return record_key(f"{item.run}.{item.leaf}", item.step, item.digest)


def twin_key(item: Item) -> str:
    """Where the record of an item is when another candidate's record of the same digest came first."""
    return record_key(f"{item.run}.{item.leaf}", item.step, item_name(item.digest, item.candidate))


class Memo:
    """Reads and writes the records of items in the MEMO bucket, large ones by way of the store."""

    def __init__(self, bus: Bus, store: Store) -> None:
        self._bus = bus
        self._store = store

    async def get(self, key: str) -> Entry | None:
        """The record under a key, its result brought in from the store where it is kept there."""
        found = await self._bus.read(MEMO, key)
        return Entry(await self.read(found[0]), found[1]) if found else None

    async def create(self, key: str, record: Record) -> Record:
        """Write a record where there is none; return the one that stands there in the end."""
        if await self.update(key, record, 0):
            return record
        entry = await self.get(key)
        if entry is None:
            raise BusError(f"the record {key} was removed while it was written")
        return entry.record

    async def update(self, key: str, record: Record, revision: int) -> bool:
        """Replace a record at a revision, 0 where there is none; False where another was quicker."""
        data = (await self._close(record)).SerializeToString()
        return await self._bus.write(MEMO, key, data, revision) is not None

    async def read(self, data: bytes) -> Record:
        """A record out of its bytes. Raises Damaged where it, or the result it names, cannot be read."""
        try:
            record = Record.FromString(data)
        except DecodeError as error:
            raise Damaged("a record on the bus", "cannot be read") from error
        if record.result_ref:
            try:
                record.result = await get_blob(self._store, record.result_ref)
            except NotFound as error:
                what = f"is missing: the result of an item of {record.step}"
                raise Damaged(blob_key(record.result_ref), what) from error
        return record

    async def _close(self, record: Record) -> Record:
        if len(record.result) <= INLINE_LIMIT:
            return record
        closed = Record()
        closed.CopyFrom(record)
        closed.result_ref = await put_blob(self._store, record.result)
        closed.result = b""
        return closed
