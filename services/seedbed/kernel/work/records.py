"""Records: what an item's end is written down as. No call is made here."""

from collections.abc import Sequence
from typing import Any

from seedbed.bus.v1.bus_pb2 import Announced, DeadLetter, Dropped, Item, Outcome, Record
from seedbed.kernel.bus.streams import size_fault
from seedbed.kernel.work.step import Step, Work
from seedbed.pipeline.items import Following
from seedbed.pipeline.plan import KnownPlan

NOTHING = Following()


def follow(
    step: Step[Any, Any], item: Item, record: Record, known: KnownPlan, *, recalled: bool
) -> list[Item]:
    """The items that follow from a record; one that nothing followed from yet is filled in with them."""
    following = _find_following(step, item, record, known)
    make, origins = known.specs.make_item, item.origins
    children = [make(item.run, item.leaf, item.draw, a, origins=origins) for a in following.announce]
    if not record.followed:
        make_own(record, item, following, children, recalled=recalled)
    return children


def _find_following(step: Step[Any, Any], item: Item, record: Record, known: KnownPlan) -> Following:
    """What follows from a finished item; nothing where it was given up.

    It is given up here where the bus cannot carry what follows: tried again, it never could.
    """
    if record.outcome != Outcome.OUTCOME_DONE:
        return Following()
    work = Work(
        digest=item.digest,
        input=step.input_type.FromString(item.input),
        result=step.result_type.FromString(record.result),
        candidate=item.candidate,
        draw=item.draw,
        then=item.then if item.HasField("then") else None,
    )
    following = step.follow(work, known.recipe)
    faults = (size_fault(announce.step, announce.size()) for announce in following.announce)
    if fault := next(filter(None, faults), ""):
        record.outcome, record.reason, record.result = Outcome.OUTCOME_FAILED, fault, b""
        return Following()
    return following


def make_own(
    record: Record,
    item: Item,
    following: Following = NOTHING,
    children: Sequence[Item] = (),
    *,
    recalled: bool = False,
) -> None:
    """Fill in the part of a record that is this run's own."""
    record.followed = True
    record.recalled = recalled
    record.repeats = 0 if recalled else record.repeats
    record.draw = item.draw
    record.candidate = item.candidate
    if not recalled:
        record.origins[:] = item.origins
    del record.announced[:]
    del record.dropped[:]
    record.announced.extend(Announced(digest=c.digest, step=c.step, candidate=c.candidate) for c in children)
    record.dropped.extend(Dropped(candidate=d.candidate, end=d.end, reason=d.reason) for d in following.drop)


def recall(record: Record) -> Record:
    """A record as another candidate or run finds it: its result, and nothing followed from it yet."""
    copy = Record()
    copy.CopyFrom(record)
    copy.followed = False
    return copy


def write_letter(item: Item, record: Record, known: KnownPlan) -> DeadLetter:
    """The dead letter of an item given up."""
    path = next((leaf.path for leaf in known.plan.leaves if leaf.leaf == item.leaf), "")
    return DeadLetter(
        run=item.run,
        leaf=item.leaf,
        path=path,
        step=item.step,
        digest=item.digest,
        outcome=record.outcome,
        reason=record.reason,
        usage=record.usage,
        item=item.SerializeToString(),
    )
