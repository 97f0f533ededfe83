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
from seedbed.kernel.errors import Damaged, NotFound
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.store.blobs import NOT_ITS_NAME, put_blob
from seedbed.kernel.store.interface import Store, Stored
from seedbed.kernel.work.memo import INLINE_LIMIT

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
        memory. Raises Damaged.
        """
        done: set[str] = set()
        given_up: dict[str, Record] = {}
        for name in await self._index(path):
            for record in await self._read_listed(f"{PREFIX}{path}/{name}"):
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

    async def listed(self, path: str) -> list[str]:
        """The keys of the seals that a leaf's index lists. Raises Damaged."""
        return [f"{PREFIX}{path}/{name}" for name in await self._index(path)]

    async def list_again(self, path: str) -> None:
        """Write a leaf's index anew, of the seals that can be read: as they were listed, or written."""
        try:
            listed = await self.listed(path)
        except Damaged:
            listed = []
        there = [each.key for each in sorted(await self.keys(path), key=lambda each: each.time)]
        order = dict.fromkeys([*(key for key in listed if key in there), *there])
        whole = [key.rpartition("/")[2] for key in order if await self.open(key) is not None]
        async with self._lock:
            await self._write_index(path, whole)

    async def open(self, key: str) -> list[Record] | None:
        """The records of one seal; None where it is damaged. Raises NotFound."""
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

    async def _read_listed(self, key: str) -> list[Record]:
        try:
            records = await self.open(key)
        except NotFound as error:
            raise Damaged(key, "is missing: the leaf's index lists it") from error
        if records is None:
            raise Damaged(key, NOT_ITS_NAME)
        return records

    async def _write_index(self, path: str, names: Sequence[str]) -> None:
        key = index_key(path)
        if names:
            await self._store.put(key, json.dumps(names).encode())
        else:
            await self._store.delete(key)

    async def _index(self, path: str) -> list[str]:
        key = index_key(path)
        try:
            names = json.loads(await self._store.get(key))
        except NotFound:
            return []
        except ValueError as error:
            raise Damaged(key, "lists no seals: it cannot be read") from error
        if not isinstance(names, list) or not all(isinstance(n, str) and _NAME.fullmatch(n) for n in names):
            raise Damaged(key, "lists what is no seal")
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


def index_key(path: str) -> str:
    """Where the seals of a leaf are listed."""
    return f"{PREFIX}{path}/index.json"


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
