"""Loading: entries of the bucket become runs; what cannot be read is noted by its key, and left out."""

import asyncio

from seedbed.bus.v1.bus_pb2 import LeafEntry, LeafState, RunEntry
from seedbed.kernel.errors import SeedbedError
from seedbed.kernel.logs import get_logger
from seedbed.pipeline.plan import KnownPlan
from seedbed.runs.domain.planning import name_of
from seedbed.runs.execution.run import ManagedRun
from seedbed.runs.storage.run_entries import Cell, Entries, Unreadable

log = get_logger(__name__)


def open_run(cell: Cell[RunEntry], wake: asyncio.Event) -> ManagedRun:
    """A run of which no leaf is known to be any further than waiting."""
    known = KnownPlan.open(cell.value.plan)
    leaves = {
        target.leaf: Cell(
            f"{cell.key}.{target.leaf}",
            LeafEntry(run=cell.key, leaf=target.leaf, state=LeafState.LEAF_STATE_WAITING),
        )
        for target in known.plan.leaves
    }
    return ManagedRun(cell, known, leaves, wake)


async def load(
    entries: Entries, wake: asyncio.Event, only: str = ""
) -> tuple[dict[str, ManagedRun], dict[str, str]]:
    """All runs, or one, by name; and why entries cannot be read, by key."""
    runs: dict[str, ManagedRun] = {}
    leaves: list[Cell[LeafEntry]] = []
    unreadable: dict[str, str] = {}
    async for cell in entries.load():
        if only and cell.key.partition(".")[0] != only:
            continue
        if isinstance(cell, Unreadable):
            unreadable[cell.key] = cell.why
        elif isinstance(cell.value, RunEntry):
            try:
                runs[cell.key] = _open_named(Cell(cell.key, cell.value, cell.revision), wake)
            except (SeedbedError, ValueError, LookupError) as error:
                found = [f"{one.field}: {one.description}" for one in getattr(error, "violations", ())]
                unreadable[cell.key] = "; ".join([f"its plan cannot be read: {error}", *found])
        else:
            leaves.append(Cell(cell.key, cell.value, cell.revision))
    for leaf in leaves:
        name, _, token = leaf.key.partition(".")
        if name in runs and token in runs[name].leaves:
            runs[name].leaves[token] = leaf
        else:
            unreadable[leaf.key] = f"its entry {leaf.key} is of a run, or leaf, that has none"
    for key, why in unreadable.items():
        log.error("an entry of the book of runs is left out", entry=key, why=why)
    return runs, unreadable


def _open_named(cell: Cell[RunEntry], wake: asyncio.Event) -> ManagedRun:
    if name_of(cell.value.plan) != cell.key:
        raise ValueError("it is another one than the run is named by")
    return open_run(cell, wake)
