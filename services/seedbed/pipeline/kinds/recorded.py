"""What came of an item that a plan makes, found by its digest. Pure."""

from collections.abc import Callable

from seedbed.bus.v1.bus_pb2 import Outcome, Record
from seedbed.pipeline.items import Announce
from seedbed.pipeline.plan import KnownPlan

Find = Callable[[str], Record | None]
"""The record of an item by its digest."""


def digest_of(known: KnownPlan, announce: Announce) -> str:
    """The digest of an item as the plan makes it."""
    return known.specs.make_item("", "", 0, announce).digest


def done(record: Record | None) -> Record | None:
    """The record, where it is of an item that was done."""
    return record if record and record.outcome == Outcome.OUTCOME_DONE else None
