"""Sending items to the bus; one it cannot carry ends here as failed, as it would under a worker."""

from seedbed.bus.v1.bus_pb2 import Item, Outcome, Record
from seedbed.kernel.bus.streams import Bus, size_fault
from seedbed.kernel.logs import get_logger
from seedbed.kernel.work.memo import Memo, memo_key
from seedbed.kernel.work.records import write_letter
from seedbed.pipeline.plan import KnownPlan
from seedbed.runs.execution.telemetry import opening

log = get_logger(__name__)


async def send(bus: Bus, memo: Memo, known: KnownPlan, item: Item) -> None:
    """Queue an item, or write down why it cannot be."""
    fault = size_fault(item.step, item.ByteSize())
    if not fault:
        with opening(item):
            await bus.publish_work(item)
        return
    log.warning("item given up", run=item.run, leaf=item.leaf, step=item.step, reason=fault)
    record = Record(
        step=item.step,
        digest=item.digest,
        spec=known.specs.digests[item.step],
        outcome=Outcome.OUTCOME_FAILED,
        reason=fault,
        followed=True,
        draw=item.draw,
        candidate=item.candidate,
        origins=item.origins,
    )
    await memo.create(memo_key(item), record)
    dead = Item()
    dead.CopyFrom(item)
    # The letter goes by the same bus.
    dead.ClearField("input")
    await bus.publish_dead(write_letter(dead, record, known))
