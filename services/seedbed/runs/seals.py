"""Seals: the records of a leaf in the store, immutable, for other runs to recall.

Each seal is an object under `seals/<leaf path>/`, named by its content; a small index beside it lists them.
"""

import asyncio
import gzip
import io
import json
import re
from collections.abc import AsyncIterator, Container, Sequence

from google.protobuf.proto import parse_length_prefixed, serialize_length_prefixed

from seedbed.bus.v1.bus_pb2 import Outcome, Record
from seedbed.kernel.digest import sha256_hex
from seedbed.kernel.errors import NotFound, StoreError
from seedbed.kernel.memo import INLINE_LIMIT
from seedbed.kernel.store import Store, Stored, put_blob

PREFIX = "seals/"
_NAME = re.compile(r"[0-9a-f]{64}")


class Seals:
    """Reads and writes the seals of leaves."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = asyncio.Lock()

    async def write(self, path: str, records: Sequence[Record]) -> str:
        """Keep records, ordered by digest, and list them in the leaf's index. Returns the seal's name."""
        plain = [await self._recallable(record) for record in records]
        data = await asyncio.to_thread(pack, plain)
        name = sha256_hex(data)
        # One process writes indexes; the lock keeps its own leaves of one path apart.
        async with self._lock:
            names = await self._index(path)
            # Listed already where a process before this one had come as far.
            if name not in names:
                await self._store.put(f"{PREFIX}{path}/{name}", data)
                await self._write_index(path, [*names, name])
        return name

    async def read(
        self, path: str, specs: Container[str], *, but: Container[str] = ()
    ) -> AsyncIterator[Record]:
        """All records of a leaf that plans with these specs can reach; a success wins over a failure.

        Failures of the items in `but` are left out, so that these are tried again. One seal at a time is in
        memory.
        """
        done: set[str] = set()
        given_up: dict[str, Record] = {}
        for name in await self._index(path):
            data = await self._store.get(f"seals/{path}/{name}")
            if sha256_hex(data) != name:
                raise StoreError(f"the seal seals/{path}/{name} in the store is damaged")
            for record in await asyncio.to_thread(unpack, data):
                if record.spec not in specs or record.digest in done:
                    continue
                if record.outcome == Outcome.OUTCOME_DONE:
                    done.add(record.digest)
                    yield record
                elif record.digest not in but:
                    given_up[record.digest] = record
        for digest, record in given_up.items():
            if digest not in done:
                yield record

    async def keys(self, path: str = "") -> list[Stored]:
        """Every seal of a leaf, or of all: those that no index lists as well, as of a write cut off."""
        prefix = f"{PREFIX}{path}/" if path else PREFIX
        found = await self._store.scan(prefix)
        return [each for each in found if _NAME.fullmatch(each.key.rpartition("/")[2])]

    async def open(self, key: str) -> list[Record] | None:
        """The records of one seal; None where it is damaged."""
        data = await self._store.get(key)
        if sha256_hex(data) != key.rpartition("/")[2]:
            return None
        return await asyncio.to_thread(unpack, data)

    async def replace(self, key: str, records: Sequence[Record]) -> None:
        """Put what is left of a seal in its place; nothing where nothing is left.

        The index first: cut off after it, the old seal is one that no index lists.
        """
        path, old, names = path_of(key), key.rpartition("/")[2], []
        if records:
            data = await asyncio.to_thread(pack, records)
            names = [sha256_hex(data)]
            await self._store.put(f"{PREFIX}{path}/{names[0]}", data)
        async with self._lock:
            listed = await self._index(path)
            place = listed.index(old) if old in listed else len(listed)
            kept = [*listed[:place], *names, *listed[place + 1 :]]
            await self._write_index(path, list(dict.fromkeys(kept)))
        if names != [old]:
            await self._store.delete(key)

    async def _write_index(self, path: str, names: Sequence[str]) -> None:
        key = f"{PREFIX}{path}/index.json"
        if names:
            await self._store.put(key, json.dumps(names).encode())
        else:
            await self._store.delete(key)

    async def _index(self, path: str) -> list[str]:
        try:
            names: list[str] = json.loads(await self._store.get(f"seals/{path}/index.json"))
        except NotFound:
            return []
        except ValueError as error:
            message = f"the index seals/{path}/index.json in the store is damaged"
            raise StoreError(message, hint="remove it: the leaf then begins without its seals") from error
        return names

    async def _recallable(self, record: Record) -> Record:
        """The part of a record that other runs may recall."""
        kept = Record(
            step=record.step,
            digest=record.digest,
            outcome=record.outcome,
            result=record.result,
            usage=record.usage,
            reason=record.reason,
            spec=record.spec,
            origins=record.origins,
        )
        if len(kept.result) > INLINE_LIMIT:
            kept.result_ref = await put_blob(self._store, kept.result)
            kept.result = b""
        return kept


def path_of(key: str) -> str:
    """The path of the leaf that a seal is of."""
    return key.removeprefix(PREFIX).rpartition("/")[0]


def pack(records: Sequence[Record]) -> bytes:
    plain = io.BytesIO()
    for record in records:
        serialize_length_prefixed(record, plain)
    # No time in the header: equal records give equal bytes.
    return gzip.compress(plain.getvalue(), compresslevel=1, mtime=0)


def unpack(data: bytes) -> list[Record]:
    plain = gzip.decompress(data)
    stream, records = io.BytesIO(plain), []
    while stream.tell() < len(plain):
        records.append(parse_length_prefixed(Record, stream))
    return records
