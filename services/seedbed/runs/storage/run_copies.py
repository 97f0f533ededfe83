"""Copies of the book: each run's entries as they last were, in the store.

The bucket `RUNS` may lose what it acknowledged: a disk that lied, a stream cut off or purged by hand, a
restored backup. What is missing then is found by the copy, and brought back from it.
"""

from collections.abc import Iterator

from google.protobuf.message import DecodeError

from seedbed.bus.v1.bus_pb2 import LeafCopy, RunCopy, RunEntry
from seedbed.kernel.errors import Damaged, NotFound
from seedbed.kernel.identity import message_bytes
from seedbed.kernel.store.checksums import disclose, enclose
from seedbed.kernel.store.interface import Store
from seedbed.runs.domain.damage import FINISHED, is_lost
from seedbed.runs.execution.run import ManagedRun

PREFIX = "runs/"


def copy_key(run: str) -> str:
    """Where the copy of a run's entries is."""
    return f"{PREFIX}{run}"


def copy_of(run: ManagedRun) -> RunCopy:
    """A run's entries as they are."""
    cells = [cell for cell in run.leaves.values() if cell.revision]
    leaves = [LeafCopy(entry=cell.value, revision=cell.revision) for cell in cells]
    return RunCopy(entry=run.cell.value, revision=run.cell.revision, leaves=leaves)


def stamp_of(run: ManagedRun) -> int:
    """Another one means that a copy is to be made anew; while a run goes on its leaves are not looked at."""
    leaves = [] if run.running else [cell.revision for cell in run.leaves.values()]
    return max([run.cell.revision, *leaves])


async def write_copy(store: Store, run: ManagedRun) -> None:
    """Keep a run's entries as they are."""
    await store.put(copy_key(run.name), enclose(message_bytes(copy_of(run))))


async def read_copy(store: Store, run: str) -> RunCopy | None:
    """A run's entries as they were; None where there is no copy. Raises Damaged."""
    key = copy_key(run)
    try:
        copy = RunCopy.FromString(disclose(key, await store.get(key)))
    except NotFound:
        return None
    except DecodeError as error:
        raise Damaged(key, "cannot be read") from error
    if copy.entry.plan.run != run:
        raise Damaged(key, "is of another run")
    return copy


def find_gaps(run: ManagedRun, copy: RunCopy | None) -> Iterator[tuple[str, str]]:
    """What the book has lost of a run: a leaf's path, or nothing for the run's own entry, and what."""
    if copy is not None and _is_newer(run.cell.value, copy.entry):
        copy = None
    if copy is not None and run.cell.revision < copy.revision:
        yield "", "its entry is an older one than was written"
    revisions = {leaf.entry.leaf: leaf.revision for leaf in copy.leaves} if copy else {}
    for target in run.targets():
        cell = run.leaves[target.leaf]
        if cell.revision < revisions.get(target.leaf, 0):
            yield target.path, "its entry is missing, or an older one than was written"
        elif run.cell.value.state in FINISHED and is_unended(run, target.leaf):
            yield target.path, "it has not ended, though its run has"


def _is_newer(entry: RunEntry, copy: RunEntry) -> bool:
    """Whether a run was created or ended after its copy: by a broker that knew of nothing, say."""
    return (entry.create_time, entry.end_time) > (copy.create_time, copy.end_time)


def is_unended(run: ManagedRun, leaf: str) -> bool:
    """Whether a leaf has not ended."""
    state = run.leaves[leaf].value.state
    return is_lost(state, ended=True) and not is_lost(state, ended=False)
