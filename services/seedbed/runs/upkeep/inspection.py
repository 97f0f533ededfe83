"""Inspection of single objects: each is read once, and what is wrong with it is remembered."""

import asyncio
import hashlib
from pathlib import Path

from google.protobuf.message import DecodeError

from seedbed.bus.v1.bus_pb2 import Record
from seedbed.kernel.errors import Damaged, InputError, NotFound
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.store.artifacts import MANIFEST, FolderFile, read_files
from seedbed.kernel.store.blobs import NOT_ITS_NAME, as_file, blob_key
from seedbed.kernel.store.checksums import disclose
from seedbed.kernel.store.interface import Store
from seedbed.kernel.store.tombstones import find_tombstone
from seedbed.knowledge.v1.steps_pb2 import ChunkResult
from seedbed.runs.storage.seals import Seals
from seedbed.taxonomy.v1.leaf_pb2 import Snapshot

MISSING = "is missing"
_EMPTY = "is empty"
_UNREADABLE = "cannot be read"


class Inspection:
    """Reads objects of a store, and counts what it reads."""

    def __init__(self, store: Store) -> None:
        self.objects = 0
        self.bytes = 0
        self._store = store
        self._seals = Seals(store)
        self._known: dict[str, str] = {}

    async def blob(self, digest: str) -> str:
        """What is wrong with bytes that are named by their digest; "" where nothing is."""
        return await self._named(blob_key(digest), digest)

    async def snapshot(self, digest: str) -> tuple[Snapshot | None, str]:
        """A snapshot, or what is wrong with it; one that was forgotten is neither."""
        key = f"snapshots/{digest}"
        data = await self.read(key)
        if data is None:
            return None, "" if await self.is_forgotten(digest) else MISSING
        if sha256_hex(data) != digest:
            return None, NOT_ITS_NAME if data else _EMPTY
        return Snapshot.FromString(data), ""

    async def is_forgotten(self, digest: str) -> bool:
        """Whether it is missing on purpose."""
        try:
            return await find_tombstone(self._store, digest) is not None
        except Damaged:
            return True

    async def cut(self, key: str) -> str:
        """What is wrong with a part of a document that was cut."""
        data = await self.read(key) or b""
        try:
            found = ChunkResult.FromString(disclose(key, data, plain=True))
        except Damaged:
            return NOT_ITS_NAME
        except DecodeError:
            return _UNREADABLE
        return "" if found.chunks and len(found.text) == 64 else (_UNREADABLE if data else _EMPTY)

    async def seal(self, key: str) -> tuple[list[Record], str]:
        """The records of a seal, or what is wrong with it."""
        try:
            records = await self._seals.open(key)
        except NotFound:
            return [], MISSING
        self.objects += 1
        return (records, "") if records is not None else ([], NOT_ITS_NAME)

    async def folder(self, prefix: str, digest: str = "") -> list[tuple[str, str]]:
        """Keys of a folder's files with what is wrong with each; `digest` is its manifest's, where known."""
        key = f"{prefix}/{MANIFEST}"
        data = await self.read(key)
        if data is None:
            return [(key, MISSING)]
        if digest and sha256_hex(data) != digest:
            return [(key, NOT_ITS_NAME if data else _EMPTY)]
        try:
            files = read_files(data, prefix)
        except InputError as error:
            return [(key, f"{_UNREADABLE}: {error.message}")]
        checked = [(f"{prefix}/{file.name}", await self._file(prefix, file)) for file in files]
        return [(key, what) for key, what in checked if what]

    async def read(self, key: str) -> bytes | None:
        """An object; None where it is missing."""
        try:
            data = await self._store.get(key)
        except NotFound:
            return None
        self.objects, self.bytes = self.objects + 1, self.bytes + len(data)
        return data

    async def _file(self, prefix: str, file: FolderFile) -> str:
        return await self._named(f"{prefix}/{file.name}", file.sha256)

    async def _named(self, key: str, digest: str) -> str:
        if key not in self._known:
            self._known[key] = await self._compare(key, digest)
        return self._known[key]

    async def _compare(self, key: str, digest: str) -> str:
        try:
            async with as_file(self._store, key) as path:
                found, size = await asyncio.to_thread(_hash, path)
        except NotFound:
            return MISSING
        self.objects, self.bytes = self.objects + 1, self.bytes + size
        return "" if found == digest else (NOT_ITS_NAME if size else _EMPTY)


def _hash(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256")
    return found.hexdigest(), path.stat().st_size
