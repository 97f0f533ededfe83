"""Repair: what is damaged and can be made again is dropped, so that the next run makes just that again.

Each step may be done twice: one that was cut off is found again, and gone on from.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from seedbed.bus.v1.bus_pb2 import Record, RunCopy
from seedbed.kernel.bus.streams import MEMO, TRAININGS, Bus
from seedbed.kernel.errors import Conflict, Damaged
from seedbed.kernel.store.artifacts import MANIFEST
from seedbed.kernel.store.interface import Store
from seedbed.pipeline.kinds import text_in
from seedbed.runs.execution.run_manager import RunManager
from seedbed.runs.storage.run_book import Gap
from seedbed.runs.storage.run_copies import copy_key, is_unended, read_copy, write_copy
from seedbed.runs.storage.run_entries import Cell, Entries
from seedbed.runs.upkeep.faults import Fault, Place
from seedbed.runs.upkeep.folders import drop_refs
from seedbed.runs.upkeep.verification import Verification

_LOST = "damaged: its entry in the book of runs was lost; the same `seedbed generate` makes the leaf again"
_MEMO = f"{MEMO} "


class Repair:
    """One repair, and what it has seen to so far."""

    def __init__(self, manager: RunManager, bus: Bus, store: Store) -> None:
        self.faults: list[Fault] = []
        self._manager = manager
        self._bus = bus
        self._store = store
        self._acts: dict[str, Callable[[Fault], Awaitable[None]]] = {
            # First: seals are rewritten below it.
            "index": self._write_index,
            "cut": self._drop,
            "document": self._drop,
            "commit": self._drop,
            "snapshot": self._drop_snapshot,
            "text": self._drop_text,
            "part": self._drop_part,
            "seal": self._drop_seal,
            "result": self._drop_result,
            "record": self._drop_record,
            "copy": self._write_copy,
            "dataset": self._drop_folder,
            "evaluation": self._drop_folder,
            "checkpoint": self._drop_checkpoint,
        }

    async def carry_out(self) -> AsyncIterator[None]:
        """See to all that is wrong. Raises Conflict while runs go on."""
        async with self._manager.creating:
            if going := sorted(run.name for run in self._manager.runs.values() if run.going):
                hint = "wait until they have ended, or cancel them: what they paid for is recalled"
                raise Conflict(f"runs go on ({', '.join(going)})", hint=hint)
            if gaps := await self._manager.book.find_gaps():
                async for fault in restore(self._manager, Entries(self._bus), self._store, gaps):
                    self.faults.append(fault)
                    yield
            verification = Verification(self._manager, self._bus, self._store)
            async for _ in verification.look():
                yield
            order = {kind: place for place, kind in enumerate(self._acts)}
            for fault in sorted(verification.faults, key=lambda fault: order.get(fault.kind, len(order))):
                if act := self._acts.get(fault.kind):
                    await act(fault)
                self.faults.append(fault)
                yield

    async def _drop(self, fault: Fault) -> None:
        await self._store.delete(fault.key)

    async def _drop_snapshot(self, fault: Fault) -> None:
        self._manager.snapshots.drop()
        await self._drop(fault)

    async def _drop_text(self, fault: Fault) -> None:
        """The cut that names it, too, as where that is recalled the text is not written again."""
        text = fault.key.rpartition("/")[2]
        for key in await self._store.keys("cuts/"):
            if text.encode() in await self._store.get(key):
                await self._store.delete(key)
        await self._rewrite_seals(fault, lambda record: text_in(record.step, record.result) != text)
        await self._drop(fault)
        await self._mark(fault)

    async def _drop_part(self, fault: Fault) -> None:
        await self._drop(fault)
        await self._mark(fault)

    async def _drop_seal(self, fault: Fault) -> None:
        await self._drop(fault)
        # One that no index lists, as where its name was damaged there, is found again.
        await self._manager.seals.list_again(fault.place.leaf)

    async def _write_index(self, fault: Fault) -> None:
        await self._manager.seals.list_again(fault.place.leaf)

    async def _drop_result(self, fault: Fault) -> None:
        digest = fault.key.rpartition("/")[2]
        if fault.about.startswith(_MEMO):
            await self._purge(fault.about.removeprefix(_MEMO))
        await self._rewrite_seals(fault, lambda record: record.result_ref != digest)
        await self._drop(fault)

    async def _drop_record(self, fault: Fault) -> None:
        await self._purge(fault.key)

    async def _purge(self, key: str) -> None:
        await self._bus.purge(f"KV_{MEMO}", f"$KV.{MEMO}.{key}")

    async def _write_copy(self, fault: Fault) -> None:
        if run := self._manager.runs.get(fault.place.run):
            await write_copy(self._store, run)

    async def _drop_folder(self, fault: Fault) -> None:
        # The manifest first: without it there is no folder.
        await self._store.delete(f"{fault.about}/{MANIFEST}")
        for key in await self._store.keys(f"{fault.about}/"):
            await self._store.delete(key)

    async def _drop_checkpoint(self, fault: Fault) -> None:
        """Its training's entry, too: trained again, it recalls the checkpoints that are complete."""
        training = fault.about.split("/")[1]
        await drop_refs(self._store, fault.about)
        await self._bus.purge(f"KV_{TRAININGS}", f"$KV.{TRAININGS}.{training}")
        await self._drop_folder(fault)

    async def _rewrite_seals(self, fault: Fault, stays: Callable[[Record], bool]) -> None:
        seals = self._manager.seals
        for seal in await seals.keys(fault.place.leaf):
            records = await seals.open(seal.key)
            kept = [record for record in records or () if stays(record)]
            if records is not None and len(kept) < len(records):
                await seals.replace(seal.key, kept)

    async def _mark(self, fault: Fault) -> None:
        reason = f"damaged: {fault.key} {fault.what}; the same `seedbed generate` makes the leaf again"
        await self._manager.mark_damaged(fault.place.run, fault.place.leaf, reason)


async def restore(
    manager: RunManager, entries: Entries, store: Store, gaps: Sequence[Gap]
) -> AsyncIterator[Fault]:
    """Bring back what the copies have, and let go of what nobody can read; says what was seen to."""
    for name in dict.fromkeys(gap.run for gap in gaps):
        try:
            copy = await read_copy(store, name)
        except Damaged:
            copy = None
            await store.delete(copy_key(name))
        await _drop_unreadable(manager, entries, name)
        if copy is not None:
            await _bring_back(manager, entries, name, copy)
        await manager.reload(name)
        if run := manager.runs.get(name):
            for target in run.targets():
                if not run.running and is_unended(run, target.leaf):
                    await manager.mark_damaged(name, target.path, _LOST)
            # The broker may count from the beginning again.
            await write_copy(store, run)
        for gap in gaps:
            if gap.run == name:
                yield Fault("entry", f"the entry of {name}", gap.what, Place(name, gap.leaf))


async def _drop_unreadable(manager: RunManager, entries: Entries, name: str) -> None:
    for key in list(manager.unreadable):
        if key.partition(".")[0] == name:
            await entries.remove(key)


async def _bring_back(manager: RunManager, entries: Entries, name: str, copy: RunCopy) -> None:
    """Write what is older, or not there, as the copy has it."""
    known = manager.runs.get(name)
    if known is None or known.cell.revision < copy.revision:
        await entries.put(Cell(name, copy.entry))
    for leaf in copy.leaves:
        token = leaf.entry.leaf
        if known is None or known.leaves[token].revision < leaf.revision:
            await entries.put(Cell(f"{name}.{token}", leaf.entry))
