"""Candidates of a run, from parts of ended leaves and from leaves in progress."""

from collections.abc import AsyncIterator

from seedbed.bus.v1.bus_pb2 import LeafState, LeafTarget
from seedbed.kernel.store import Store, get_blob
from seedbed.runs.pedigree import list_candidates
from seedbed.runs.run import KeptRun
from seedbed.runs.v1.candidate_pb2 import Candidate, Part


async def list_decided(
    store: Store, run: KeptRun, target: LeafTarget, told: dict[str, int], *, undecided: bool
) -> AsyncIterator[Candidate]:
    """Candidates of a leaf not told yet, in order; `told` holds the draws already told of each leaf."""
    entry, work = run.leaves[target.leaf].value, run.works.get(target.leaf)
    after = told.get(target.path, -1)
    if entry.state == LeafState.LEAF_STATE_SEALED and entry.part:
        part = Part.FromString(await get_blob(store, entry.part))
        candidates = [c for c in part.candidates if c.draw > after]
        told[target.path] = max((c.draw for c in part.candidates), default=after)
    elif work is not None:
        course = work.course
        settled = max((d.draw for d in course.settlement.decisions.values()), default=-1)
        numbers = [n for n in sorted(course.draws) if n > after and (n <= settled or undecided)]
        candidates = [c for n in numbers for c in list_candidates(course, n, work.commit)]
        told[target.path] = max(after, settled)
    else:
        candidates = []
    for candidate in candidates:
        yield candidate


async def find_candidate(store: Store, run: KeptRun, name: str) -> Candidate | None:
    """A candidate by its id, or by the beginning of it."""
    for target in run.targets():
        async for candidate in list_decided(store, run, target, {}, undecided=True):
            if name and candidate.id.startswith(name):
                return candidate
    return None
