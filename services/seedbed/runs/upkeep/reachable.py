"""What runs need of the store: every key that leads from them to their datasets and to what they recall."""

import asyncio
import re
from collections.abc import Iterable

from seedbed.bus.v1.bus_pb2 import Record
from seedbed.kernel.bus.streams import MEMO, Bus
from seedbed.kernel.errors import Damaged, NotFound
from seedbed.kernel.formats.protos import parse
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.store.blobs import NOT_ITS_NAME, blob_key, get_blob_file
from seedbed.kernel.store.interface import Store
from seedbed.kernel.store.tombstones import find_tombstone
from seedbed.pipeline.kinds import step_of, text_in
from seedbed.runs.execution.run import ManagedRun
from seedbed.runs.storage.seals import PREFIX as SEALS
from seedbed.runs.storage.seals import Seals
from seedbed.runs.upkeep.folders import read_checkpoints, read_datasets
from seedbed.runs.upkeep.parts import read_rows
from seedbed.taxonomy.v1.leaf_pb2 import Snapshot

SWEPT = ("snapshots/", "commits/", SEALS, "cuts/", "cas/sha256/", "datasets/")
"""What runs make. Everything else in the store belongs to others and is never touched."""

_DIGEST = re.compile(rb"[0-9a-f]{64}")


IS_MISSING = "is missing"


class Reachable:
    """Keys that stay, and folders of keys. What cannot be read names nothing: then nothing may go."""

    def __init__(self, store: Store, bus: Bus) -> None:
        self.keys: set[str] = set()
        self.folders: set[str] = set()
        self._store = store
        self._bus = bus
        self._seals = Seals(store)
        self._leaves: set[str] = set()

    def hold(self, key: str) -> bool:
        """Whether an object is needed."""
        if key in self.keys:
            return True
        folders = (key[: place + 1] for place, letter in enumerate(key) if letter == "/")
        return any(folder in self.folders for folder in folders)

    async def take(self, runs: Iterable[ManagedRun], *, seals: bool) -> None:
        """Take note of all that these runs need; without `seals` those of runs that have ended are not."""
        for run in runs:
            await self._take_snapshot(run.known.plan.snapshot)
            for target in run.targets():
                self._leaves.add(target.digest)
                if part := run.leaves[target.leaf].value.part:
                    await self._take_part(part)
                if seals or run.running:
                    await self._take_seals(target.path)
            if run.running:
                await self._take_memo(run.name)
        await self._take_folders()
        await self._take_what_others_name()

    async def _take_snapshot(self, digest: str) -> None:
        key = f"snapshots/{digest}"
        if key in self.keys:
            return
        self.keys.add(key)
        try:
            data = await self._store.get(key)
        except NotFound as error:
            if await find_tombstone(self._store, digest):
                return
            raise Damaged(key, IS_MISSING) from error
        if sha256_hex(data) != digest:
            raise Damaged(key, NOT_ITS_NAME)
        for leaf in Snapshot.FromString(data).leaves:
            self.keys.add(f"commits/{leaf.digest}")
            for document in leaf.documents:
                self.keys.add(blob_key(document.blob))
                self.folders.add(f"cuts/{document.blob}/")

    async def _take_part(self, digest: str) -> None:
        self.keys.add(blob_key(digest))
        try:
            with await get_blob_file(self._store, digest) as file:
                texts = await asyncio.to_thread(lambda: {row.source.text for row in read_rows(file)})
        except NotFound as error:
            raise Damaged(blob_key(digest), IS_MISSING) from error
        # Every span counts in the document's text.
        self.keys.update(blob_key(text) for text in texts if text)

    async def _take_seals(self, path: str) -> None:
        if f"{SEALS}{path}/" in self.folders:
            return
        self.folders.add(f"{SEALS}{path}/")
        for seal in await self._seals.keys(path):
            records = await self._seals.open(seal.key)
            if records is None:
                raise Damaged(seal.key, NOT_ITS_NAME)
            for record in records:
                await self._take_record(record)

    async def _take_memo(self, run: str) -> None:
        async for entry in self._bus.watch(MEMO, f"{run}.>"):
            if entry is None:
                return
            await self._take_record(parse(Record, entry.value, f"the record {entry.key}"))

    async def _take_record(self, record: Record) -> None:
        result = record.result
        if record.result_ref:
            self.keys.add(blob_key(record.result_ref))
            if step_of(record.step).text:
                result = await self._store.get(blob_key(record.result_ref))
        if text := text_in(record.step, result):
            self.keys.add(blob_key(text))

    async def _take_folders(self) -> None:
        """Datasets of these runs, and those that a checkpoint was trained on."""
        trained_on = {checkpoint.dataset for checkpoint in await read_checkpoints(self._store)}
        for digest, dataset in (await read_datasets(self._store)).items():
            if digest in trained_on or dataset.leaves.keys() <= self._leaves:
                self.folders.add(f"{dataset.folder}/")

    async def _take_what_others_name(self) -> None:
        """Blobs that the manifests of others name, whatever they are."""
        for key in await self._store.keys(""):
            if key.endswith(".json") and not key.startswith(SWEPT):
                data = await self._store.get(key)
                self.keys.update(blob_key(digest.decode()) for digest in _DIGEST.findall(data))
