"""Damage: what is written down where something that a leaf rests on cannot be read. Pure.

It ends that leaf, with the object's name and what to do; never the run, nor other leaves.
"""

from seedbed.bus.v1.bus_pb2 import LeafCounts, LeafEntry, LeafState, RunState
from seedbed.kernel.errors import Damaged, NotFound, SeedbedError

ENDED = (
    LeafState.LEAF_STATE_SEALED,
    LeafState.LEAF_STATE_CANCELLED,
    LeafState.LEAF_STATE_DAMAGED,
)
"""Where nothing more comes of a leaf by itself."""

FINISHED = (RunState.RUN_STATE_SUCCEEDED, RunState.RUN_STATE_SHORT, RunState.RUN_STATE_FAILED)
"""Where all of a run's leaves have ended."""


def words(error: SeedbedError) -> str:
    """What a leaf's reason says."""
    return f"{error.message}; {error.hint}" if error.hint else error.message


def as_damaged(key: str, error: SeedbedError) -> Damaged:
    """The error of an object that has to be there."""
    if isinstance(error, Damaged):
        return error
    if isinstance(error, NotFound):
        return Damaged(key, "is missing")
    raise error


def end_damaged(entry: LeafEntry, reason: str, counts: LeafCounts | None = None) -> None:
    """Write down that a leaf ends so; its rounds stay, to be decided again as they were."""
    entry.state = LeafState.LEAF_STATE_DAMAGED
    entry.reason = reason
    if counts is not None:
        entry.counts.CopyFrom(counts)


def is_lost(state: LeafState.ValueType, *, ended: bool) -> bool:
    """Whether a leaf has to be made again: it ended damaged, or has not ended though its run has."""
    return state == LeafState.LEAF_STATE_DAMAGED or (ended and state not in ENDED)
