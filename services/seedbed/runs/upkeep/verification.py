"""Verification: everything that runs name is read, and what is missing or wrong is named. Changes nothing."""

import asyncio
from collections.abc import AsyncIterator

from google.protobuf.message import DecodeError

from seedbed.bus.v1.bus_pb2 import LeafState, Record
from seedbed.kernel.bus.streams import MEMO, Bus
from seedbed.kernel.errors import Damaged
from seedbed.kernel.store.blobs import blob_key, get_blob_file
from seedbed.kernel.store.interface import Store
from seedbed.kernel.store.leaf_commits import commit_key, read_commit
from seedbed.kernel.store.tombstones import PREFIX as TOMBSTONES
from seedbed.kernel.store.tombstones import read_tombstone
from seedbed.pipeline.kinds import text_in
from seedbed.runs.execution.run import ManagedRun
from seedbed.runs.execution.run_manager import RunManager
from seedbed.runs.storage.run_copies import copy_key, read_copy
from seedbed.runs.storage.seals import index_key
from seedbed.runs.upkeep.faults import NOBODY, Fault, Place
from seedbed.runs.upkeep.folders import list_folders
from seedbed.runs.upkeep.inspection import MISSING, Inspection
from seedbed.runs.upkeep.parts import read_rows
from seedbed.taxonomy.v1.leaf_pb2 import Leaf


class Verification:
    """One verification, and what it has found so far."""

    def __init__(self, manager: RunManager, bus: Bus, store: Store) -> None:
        self.faults: list[Fault] = []
        self.inspection = Inspection(store)
        self._manager = manager
        self._bus = bus
        self._store = store
        self._reported: set[tuple[str, str, Place]] = set()
        self._sealed: set[str] = set()

    async def look(self) -> AsyncIterator[None]:
        """Read all there is; comes back now and then."""
        for gap in await self._manager.book.find_gaps():
            self._note("entry", f"the entry of {gap.run}", gap.what, Place(gap.run, gap.leaf))
        yield
        for run in sorted(self._manager.runs.values(), key=lambda run: run.name):
            await self._look_at_run(run)
            yield
            for target in run.targets():
                place = Place(run.name, target.path)
                await self._look_at_part(run.leaves[target.leaf].value.part, place, run, target.leaf)
                await self._look_at_seals(place)
                yield
        await self._look_at_memo()
        yield
        for kind, prefix, digest in await list_folders(self._store):
            for key, what in await self.inspection.folder(prefix, digest):
                self._note(kind, key, what, about=prefix)
            yield
        for key in await self._store.keys(TOMBSTONES):
            await self._look_at_tombstone(key)

    def _note(self, kind: str, key: str, what: str, place: Place = NOBODY, about: str = "") -> None:
        if what and (kind, key, place) not in self._reported:
            self._reported.add((kind, key, place))
            self.faults.append(Fault(kind, key, what, place, about))

    async def _look_at_run(self, run: ManagedRun) -> None:
        try:
            await read_copy(self._store, run.name)
        except Damaged as error:
            self._note("copy", copy_key(run.name), error.what, Place(run.name))
        digest = run.known.plan.snapshot
        snapshot, what = await self.inspection.snapshot(digest)
        self._note("snapshot", f"snapshots/{digest}", what, Place(run.name))
        for leaf in snapshot.leaves if snapshot else ():
            await self._look_at_leaf(leaf, Place(run.name, leaf.path))

    async def _look_at_leaf(self, leaf: Leaf, place: Place) -> None:
        if data := await self._read_commit(leaf.digest):
            try:
                read_commit(leaf.digest, data[0])
            except Damaged as error:
                self._note("commit", commit_key(leaf.digest), error.what, place)
        for document in leaf.documents:
            what = await self.inspection.blob(document.blob)
            if what != MISSING or not await self.inspection.is_forgotten(document.blob):
                self._note(
                    "document", blob_key(document.blob), f"({document.path}) {what}" if what else "", place
                )
            for key in await self._store.keys(f"cuts/{document.blob}/"):
                self._note("cut", key, await self.inspection.cut(key), place)

    async def _read_commit(self, leaf: str) -> list[bytes]:
        """Nothing where it is in no repository."""
        data = await self.inspection.read(commit_key(leaf))
        return [] if data is None else [data]

    async def _look_at_part(self, digest: str, place: Place, run: ManagedRun, leaf: str) -> None:
        if not digest or run.leaves[leaf].value.state != LeafState.LEAF_STATE_SEALED:
            return
        what = await self.inspection.blob(digest)
        self._note("part", blob_key(digest), what, place)
        if what:
            return
        with await get_blob_file(self._store, digest) as file:
            texts = await asyncio.to_thread(
                lambda: {(row.source.text, row.source.blob) for row in read_rows(file)}
            )
        for text, blob in sorted(texts):
            if text:
                self._note("text", blob_key(text), await self.inspection.blob(text), place, about=blob)

    async def _look_at_seals(self, place: Place) -> None:
        seals, path = self._manager.seals, place.leaf
        if path in self._sealed:
            return
        self._sealed.add(path)
        there = [each.key for each in await seals.keys(path)]
        try:
            listed = await seals.listed(path)
        except Damaged as error:
            self._note("index", index_key(path), error.what, place)
        else:
            # Before its leaf has ended it is a first write that was cut off.
            lost = there and not listed and path in self._ended_paths()
            self._note("index", index_key(path), MISSING if lost else "", place)
            there += [key for key in listed if key not in there]
        for key in there:
            records, what = await self.inspection.seal(key)
            self._note("seal", key, what, place)
            for record in records:
                await self._look_at_record(record, place, key)

    def _ended_paths(self) -> set[str]:
        return {
            target.path
            for run in self._manager.runs.values()
            for target in run.targets()
            if run.leaves[target.leaf].value.state == LeafState.LEAF_STATE_SEALED
        }

    async def _look_at_record(self, record: Record, place: Place, about: str) -> None:
        result = record.result
        if record.result_ref:
            what = await self.inspection.blob(record.result_ref)
            self._note("result", blob_key(record.result_ref), what, place, about)
            if what:
                return
            result = await self.inspection.read(blob_key(record.result_ref)) or b""
        if text := text_in(record.step, result):
            self._note("text", blob_key(text), await self.inspection.blob(text), place)

    async def _look_at_memo(self) -> None:
        places = {
            f"{run.name}.{target.leaf}": Place(run.name, target.path)
            for run in self._manager.runs.values()
            for target in run.targets()
        }
        async for entry in self._bus.watch(MEMO):
            if entry is None:
                return
            place = places.get(".".join(entry.key.split(".")[:2]))
            if place is None:
                continue
            try:
                record = Record.FromString(entry.value or b"")
            except DecodeError:
                self._note("record", entry.key, "cannot be read", place)
            else:
                await self._look_at_record(record, place, f"{MEMO} {entry.key}")

    async def _look_at_tombstone(self, key: str) -> None:
        try:
            read_tombstone(key, await self.inspection.read(key) or b"")
        except Damaged as error:
            self._note("tombstone", key, error.what)
