"""Reopening: what is written in the entry of an ended leaf that is to be settled again. Pure."""

from seedbed.bus.v1.bus_pb2 import LeafEntry, LeafState


def begin_anew(entry: LeafEntry) -> None:
    """All rounds are decided again: without a budget they are what the records make them."""
    keep_deciding(entry)
    del entry.rounds[:]


def keep_deciding(entry: LeafEntry) -> None:
    """Its rounds stay: a budget cut them to what it allowed at their time, and allows something else now."""
    entry.state = LeafState.LEAF_STATE_WAITING
    entry.reason, entry.part = "", ""
    entry.ClearField("counts")


def settle_anew(digests: list[str], entry: LeafEntry) -> None:
    """The same without what failed of these items, which are tried again."""
    known = LeafEntry(run=entry.run, leaf=entry.leaf, revision=entry.revision + 1)
    known.state = LeafState.LEAF_STATE_WAITING
    known.excluded.extend(dict.fromkeys([*entry.excluded, *digests]))
    entry.CopyFrom(known)
