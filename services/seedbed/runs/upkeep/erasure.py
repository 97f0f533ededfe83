"""Erasure: documents are removed, with all that was derived from them.

The order is such that what was cut off is found again: tombstones first, and what leads to the rest last.
Each step may be done twice.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Literal

from seedbed.bus.v1.bus_pb2 import RunState
from seedbed.kernel.bus.streams import MEMO, REQUESTS, WORK, Bus
from seedbed.kernel.errors import SeedbedError
from seedbed.kernel.identity import message_bytes
from seedbed.kernel.store.blobs import get_blob_file, put_blob_file
from seedbed.kernel.store.interface import Store
from seedbed.kernel.store.tombstones import Tombstone, now, write_tombstone
from seedbed.runs.execution.run import ManagedRun
from seedbed.runs.execution.run_manager import RunManager
from seedbed.runs.storage.dead_letters import remove_letters
from seedbed.runs.storage.run_entries import Entries
from seedbed.runs.storage.seals import path_of
from seedbed.runs.upkeep.derived import Derived, DerivedFinder
from seedbed.runs.upkeep.documents import NamedDocuments
from seedbed.runs.upkeep.folders import drop_cached
from seedbed.runs.upkeep.mirrors import Mirrors
from seedbed.runs.upkeep.parts import close_entry, strip
from seedbed.runs.v1.candidate_pb2 import Part

_PASSES = 5
"""More than an import at the same moment makes necessary."""
_WHOLE = (
    "large results",
    "parts of no run",
    "cuts",
    "texts",
    "documents",
    "evaluations",
    "datasets",
    "commits",
    "snapshots",
)
"""In the order they go: snapshots lead to all the others."""


class Erasure:
    """One erasure, and what has gone so far."""

    def __init__(
        self,
        manager: RunManager,
        bus: Bus,
        store: Store,
        mirrors: Mirrors,
        cache: Path,
        named: tuple[str, str],
    ) -> None:
        self.gone: Counter[str] = Counter()
        """Objects by kind."""
        self.cancelled: list[str] = []
        self.shortened: set[str] = set()
        self.derived = Derived(NamedDocuments())
        self.remains: list[str] = []
        """Where bytes may be left, and what to do about it."""
        self._manager = manager
        self._bus = bus
        self._store = store
        self._finder = DerivedFinder(store, bus, manager.runs)
        self._entries = Entries(bus)
        self._seals = manager.seals
        self._mirrors = mirrors
        self._cache = cache
        self._named = named
        self._time = now()

    async def look(self) -> Derived:
        """Find what there is. Raises NotFound."""
        self.derived = await self._finder.find(*self._named)
        return self.derived

    async def carry_out(self) -> AsyncIterator[str]:
        """Remove it all; says after each step what it was. The creation of runs waits meanwhile."""
        async with self._manager.creating:
            for _ in range(_PASSES):
                await self.look()
                if self.derived.is_cold:
                    break
                async for step in self._remove():
                    yield step
            else:
                hint = "let nobody import meanwhile, and do it again"
                raise SeedbedError("there is more every time that it is looked for", hint=hint)
            await self._clear_bus()
            await self._drop_mirrors()
            self.gone["cached datasets"] += await asyncio.to_thread(
                drop_cached, self._cache, self.derived.datasets
            )
            yield "broker"
            for stone in self.derived.documents.stones(self._time, done=True):
                await write_tombstone(self._store, stone)

    async def _remove(self) -> AsyncIterator[str]:
        for stone in self.derived.documents.stones(self._time):
            await write_tombstone(self._store, stone)
        if await self._cancel():
            # What they had is in seals now, and is looked for there.
            await self.look()
            yield "runs"
        for run, token in self.derived.parts:
            await self._shorten(self._manager.get(run), token)
        yield "samples"
        await remove_letters(self._bus, self.derived.letters)
        self.gone["dead letters"] += len(self.derived.letters)
        for key in self.derived.seals:
            await self._rewrite(key)
        yield "sealed records"
        for kind in _WHOLE:
            await self._remove_objects(kind)
            yield kind

    async def _cancel(self) -> int:
        """Stop the runs at work on it, and dormant ones, as the broker is emptied: they lose nothing."""
        names = dict.fromkeys(
            [*self.derived.unended, *(r.name for r in self._manager.runs.values() if r.dormant)]
        )
        for name in names:
            await self._manager.cancel(name)
            self.cancelled.append(name)
        return len(names)

    async def _shorten(self, run: ManagedRun, token: str) -> None:
        cell, gone = run.leaves[token], Counter[str]()
        target = next(target for target in run.targets() if target.leaf == token)
        head = message_bytes(Part(path=target.path, kind=target.kind, leaf_digest=target.digest))
        with tempfile.NamedTemporaryFile() as out:
            out.write(head)
            if cell.value.part:
                with await get_blob_file(self._store, cell.value.part) as old:
                    gone = await asyncio.to_thread(strip, self.derived.documents, old, out)
            out.flush()
            digest = await put_blob_file(self._store, Path(out.name))
        names = ", ".join(sorted(document for path, document in self._places() if path == target.path))
        async with run.lock:
            await self._entries.write(cell, partial(close_entry, part=digest, gone=gone, names=names))
            if run.cell.value.state == RunState.RUN_STATE_SUCCEEDED:
                await self._entries.set_state(run.cell, RunState.RUN_STATE_SHORT)
            run.note()
        self.gone["candidates"] += gone.total()
        self.shortened.add(run.name)

    async def _rewrite(self, key: str) -> None:
        mark, path = self.derived.documents.mark(), path_of(key)
        records = await self._seals.open(key) or []
        kept = [record for record in records if not mark.is_on(record.origins, path)]
        await self._seals.replace(key, kept)
        self.gone["sealed records"] += len(records) - len(kept)

    async def _remove_objects(self, kind: str) -> None:
        found = self.derived.objects.get(kind, [])
        if kind == "snapshots":
            self._manager.snapshots.drop()
        for each in found:
            if kind == "snapshots":
                await self._set_stone("snapshot", each.key)
            elif kind == "datasets":
                await self._set_stone("dataset", each.key)
            await self._store.delete(each.key)
        self.gone[kind] += len(found)

    async def _set_stone(self, kind: Literal["snapshot", "dataset"], key: str) -> None:
        places = tuple(sorted(self._places()))
        stone = Tombstone(digest=key.split("/")[1], kind=kind, places=places, time=self._time)
        await write_tombstone(self._store, stone)

    def _places(self) -> set[tuple[str, str]]:
        return {place for found in self.derived.documents.places.values() for place in found}

    async def _drop_mirrors(self) -> None:
        dropped = await self._mirrors.drop()
        if dropped is None:
            self.remains.append(
                "the taxonomy service does not answer: repositories it fetched may hold the document; "
                "do it again when it runs"
            )
        self.gone["mirrors"] += dropped or 0

    async def _clear_bus(self) -> None:
        """Remove what is left of these leaves on the bus, and the broker's own files where nobody needs them.

        A purge by subject leaves the bytes where they are until their file is full or empty.
        """
        # What was found wrong with an imported leaf may have words of it.
        await self._bus.empty(f"KV_{REQUESTS}")
        for run in self._manager.runs.values():
            for target in run.targets():
                if target.digest in self.derived.documents.leaves:
                    await self._bus.purge(f"KV_{MEMO}", f"$KV.{MEMO}.{run.name}.{target.leaf}.>")
                    await self._bus.purge(WORK, f"seedbed.v1.work.*.*.{run.name}.{target.leaf}.>")
        if going := sorted(run.name for run in self._manager.runs.values() if run.running):
            self.remains.append(
                f"the broker's files may hold records removed before while runs go on ({', '.join(going)}); "
                "do it again when they have ended"
            )
            return
        await self._bus.empty(f"KV_{MEMO}")
        await self._bus.empty(WORK)
