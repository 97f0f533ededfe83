"""Candidates of a run, from parts of ended leaves and from leaves in progress."""

import asyncio
from collections.abc import AsyncIterator

from seedbed.bus.v1.bus_pb2 import LeafState, LeafTarget
from seedbed.kernel.store import Store, get_blob
from seedbed.runs.course import Course
from seedbed.runs.pedigree import list_candidates
from seedbed.runs.run import KeptRun
from seedbed.runs.v1.candidate_pb2 import Candidate, Part

AT_ONCE = 50
"""Draws between two turns for others."""


class Telling:
    """Tells of each candidate of a run once: in progress draw by draw, of an ended leaf from its part."""

    def __init__(self, store: Store, run: KeptRun, *, undecided: bool) -> None:
        self._store = store
        self._run = run
        self._undecided = undecided
        self._draws: dict[str, set[int]] = {}
        self._ended: set[str] = set()

    async def of_leaf(self, target: LeafTarget) -> AsyncIterator[Candidate]:
        """What there is to tell of a leaf since the last time, in order."""
        if target.path in self._ended:
            return
        told = self._draws.setdefault(target.path, set())
        entry, work = self._run.leaves[target.leaf].value, self._run.works.get(target.leaf)
        if entry.state == LeafState.LEAF_STATE_SEALED and entry.part:
            part = Part.FromString(await get_blob(self._store, entry.part))
            self._ended.add(target.path)
            for candidate in part.candidates:
                if candidate.draw not in told:
                    yield candidate
        elif work is not None:
            async for candidate in self._in_progress(work.course, work.commit, told):
                yield candidate

    async def _in_progress(self, course: Course, commit: str, told: set[int]) -> AsyncIterator[Candidate]:
        ready = set(course.draws) if self._undecided else course.settlement.closed
        for place, number in enumerate(sorted(ready - told)):
            told.add(number)
            for candidate in list_candidates(course, number, commit):
                yield candidate
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)


async def find_candidate(store: Store, run: KeptRun, name: str) -> Candidate | None:
    """A candidate by its id, or by the beginning of it."""
    telling = Telling(store, run, undecided=True)
    for target in run.targets():
        async for candidate in telling.of_leaf(target):
            if candidate.id.startswith(name):
                return candidate
    return None
