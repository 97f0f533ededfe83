"""Runs as the runs service tells of them."""

from seedbed.bus.v1.bus_pb2 import LeafCounts, LeafState, RunState
from seedbed.runs.v1.runs_service_pb2 import LeafProgress, Progress, Run


def leaf(path="knowledge/birds", **values):
    """A leaf at work; `accepted` and its like go into its counts."""
    counts = {name: values.pop(name) for name in list(values) if name in LeafCounts.DESCRIPTOR.fields_by_name}
    given = {"kind": "knowledge", "target": 30, "state": LeafState.LEAF_STATE_OPEN, "rounds": 1, **values}
    return LeafProgress(path=path, counts=LeafCounts(**counts), **given)


def ended(path="knowledge/birds", accepted=30, **values):
    """A sealed leaf."""
    return leaf(path, accepted=accepted, state=LeafState.LEAF_STATE_SEALED, **values)


def run(*leaves, state=RunState.RUN_STATE_RUNNING, **progress):
    """A run with these leaves."""
    given = {"samples": 3, "target": 30, "requests": 7, **progress}
    return Run(name="r1", state=state, leaves=leaves, progress=Progress(**given))
