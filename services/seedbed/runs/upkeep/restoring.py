"""Restoring the book of runs: what the bucket has lost comes back from the copies in the store."""

from collections.abc import AsyncIterator, Sequence

from seedbed.bus.v1.bus_pb2 import RunCopy
from seedbed.kernel.errors import Damaged
from seedbed.kernel.store.backend import Store
from seedbed.runs.execution.run_manager import RunManager
from seedbed.runs.storage.run_book import Gap
from seedbed.runs.storage.run_copies import copy_key, is_unended, read_copy, write_copy
from seedbed.runs.storage.run_entries import Cell, Entries
from seedbed.runs.upkeep.faults import Fault, Place

_LOST = "damaged: its entry in the book of runs was lost; the same `seedbed generate` makes the leaf again"


async def restore(
    keeper: RunManager, entries: Entries, store: Store, gaps: Sequence[Gap]
) -> AsyncIterator[Fault]:
    """Bring back what the copies have, and let go of what nobody can read; says what was seen to."""
    for name in dict.fromkeys(gap.run for gap in gaps):
        try:
            copy = await read_copy(store, name)
        except Damaged:
            copy = None
            await store.delete(copy_key(name))
        await _drop_unreadable(keeper, entries, name)
        if copy is not None:
            await _bring_back(keeper, entries, name, copy)
        await keeper.reload(name)
        if run := keeper.runs.get(name):
            for target in run.targets():
                if not run.running and is_unended(run, target.leaf):
                    await keeper.mark_damaged(name, target.path, _LOST)
            # The broker may count from the beginning again.
            await write_copy(store, run)
        for gap in gaps:
            if gap.run == name:
                yield Fault("entry", f"the entry of {name}", gap.what, Place(name, gap.leaf))


async def _drop_unreadable(keeper: RunManager, entries: Entries, name: str) -> None:
    for key in list(keeper.unreadable):
        if key.partition(".")[0] == name:
            await entries.remove(key)


async def _bring_back(keeper: RunManager, entries: Entries, name: str, copy: RunCopy) -> None:
    """Write what is older, or not there, as the copy has it."""
    known = keeper.runs.get(name)
    if known is None or known.cell.revision < copy.revision:
        await entries.put(Cell(name, copy.entry))
    for leaf in copy.leaves:
        token = leaf.entry.leaf
        if known is None or known.leaves[token].revision < leaf.revision:
            await entries.put(Cell(f"{name}.{token}", leaf.entry))
