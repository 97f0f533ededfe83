"""Comparing runs: reads what both were made of and what came of them, a leaf at a time."""

import asyncio
from collections.abc import AsyncIterator
from typing import BinaryIO

from seedbed.bus.v1.bus_pb2 import LeafTarget
from seedbed.kernel.formats.proto_stream import read_fields
from seedbed.kernel.store.blobs import get_blob_file
from seedbed.kernel.store.interface import Store
from seedbed.runs.domain.comparison import End, Side, compare_leaf, compare_plans
from seedbed.runs.execution.run import ManagedRun
from seedbed.runs.storage.snapshots import Snapshots
from seedbed.runs.v1.candidate_pb2 import Candidate, Part
from seedbed.runs.v1.comparison_pb2 import LeafComparison
from seedbed.runs.v1.runs_service_pb2 import CompareRunsResponse

_CANDIDATES = Part.CANDIDATES_FIELD_NUMBER


class Comparing:
    """Two runs side by side."""

    def __init__(self, store: Store, snapshots: Snapshots, base: ManagedRun, head: ManagedRun) -> None:
        self._store = store
        self._snapshots = snapshots
        self._base = base
        self._head = head

    async def responses(self) -> AsyncIterator[CompareRunsResponse]:
        """First the plans, then every leaf of either, in order of path."""
        yield CompareRunsResponse(plan=compare_plans(self._base.known.plan, self._head.known.plan))
        before, after = ({t.path: t for t in run.targets()} for run in (self._base, self._head))
        for path in sorted({*before, *after}):
            yield CompareRunsResponse(leaf=await self._leaf(path, before.get(path), after.get(path)))

    async def _leaf(self, path: str, base: LeafTarget | None, head: LeafTarget | None) -> LeafComparison:
        sides = [await self._side(self._base, base), await self._side(self._head, head)]
        # Large parts take their time.
        return await asyncio.to_thread(compare_leaf, path, *sides)

    async def _side(self, run: ManagedRun, target: LeafTarget | None) -> Side | None:
        if target is None:
            return None
        leaf = await self._snapshots.leaf(run.known.plan.snapshot, target.path)
        digest = run.leaves[target.leaf].value.part
        if not digest:
            return Side(leaf)
        with await get_blob_file(self._store, digest) as file:
            return Side(leaf, await asyncio.to_thread(_read_ends, file))


def _read_ends(file: BinaryIO) -> dict[str, End]:
    parsed = (Candidate.FromString(data) for number, data in read_fields(file) if number == _CANDIDATES)
    return {candidate.id: End(candidate.end, candidate.reason) for candidate in parsed}
