"""Candidates of a run, from parts of ended leaves and from leaves in progress."""

import asyncio
from collections.abc import AsyncIterator

from seedbed.bus.v1.bus_pb2 import LeafState, LeafTarget
from seedbed.kernel.formats.proto_stream import read_fields
from seedbed.kernel.store.blobs import get_blob_file
from seedbed.kernel.store.interface import Store
from seedbed.runs.domain.pedigree import list_open
from seedbed.runs.execution.leaf_runner import LeafRunner
from seedbed.runs.execution.run import ManagedRun
from seedbed.runs.v1.candidate_pb2 import Candidate, Part

AT_ONCE = 50
"""Draws, or candidates of a part, between two turns for others."""


class SampleReader:
    """Returns each candidate of a run once: as they are decided, and then those still open."""

    def __init__(self, store: Store, run: ManagedRun, *, undecided: bool) -> None:
        self._store = store
        self._run = run
        self._undecided = undecided
        self._works: dict[str, LeafRunner] = {}
        """Leaves that were in progress when first read: what they decided is there while held here."""
        self._shown: dict[str, int] = {}
        """How many of their draws were returned, by leaf."""
        self._ended: set[str] = set()

    async def of_leaf(self, target: LeafTarget) -> AsyncIterator[Candidate]:
        """A leaf's candidates since the last time."""
        if target.leaf in self._ended:
            return
        entry = self._run.leaves[target.leaf].value
        work = self._works.get(target.leaf) or self._run.works.get(target.leaf)
        if work is not None:
            if not work.ended:
                self._works[target.leaf] = work
            elif self._works.pop(target.leaf, None):
                self._ended.add(target.leaf)
            async for candidate in self._in_progress(target.leaf, work):
                yield candidate
        elif entry.state == LeafState.LEAF_STATE_SEALED and entry.part:
            self._ended.add(target.leaf)
            async for candidate in self._of_part(entry.part):
                yield candidate

    async def _in_progress(self, leaf: str, work: LeafRunner) -> AsyncIterator[Candidate]:
        async for candidate in self._decided(leaf, work, but=set()):
            yield candidate
        if not self._undecided:
            return
        shown = set()
        for place, begun in enumerate(list(work.state.begun)):
            for candidate in list_open(work.state, begun, work.commit):
                shown.add(begun.number)
                yield candidate
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)
        # Some were decided meanwhile, and what they were decided from let go of.
        async for candidate in self._decided(leaf, work, but=shown):
            yield candidate

    async def _decided(self, leaf: str, work: LeafRunner, but: set[int]) -> AsyncIterator[Candidate]:
        for place, (number, piece) in enumerate(work.part_file.read(self._shown.get(leaf, 0))):
            self._shown[leaf] = self._shown.get(leaf, 0) + 1
            if number not in but:
                for candidate in Part.FromString(piece).candidates:
                    yield candidate
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _of_part(self, digest: str) -> AsyncIterator[Candidate]:
        with await get_blob_file(self._store, digest) as file:
            for place, (field, data) in enumerate(read_fields(file)):
                if field == Part.CANDIDATES_FIELD_NUMBER:
                    yield Candidate.FromString(data)
                if place % AT_ONCE == 0:
                    await asyncio.sleep(0)


async def find_candidate(store: Store, run: ManagedRun, name: str) -> Candidate | None:
    """A candidate by its id, or by the beginning of it."""
    reader = SampleReader(store, run, undecided=True)
    for target in run.targets():
        async for candidate in reader.of_leaf(target):
            if candidate.id.startswith(name):
                return candidate
    return None
