"""Jobs: items that are few and long, as a phase of a training, and belong to no run and no plan.

Each begins a trace whenever anything is traced.
"""

import time

from seedbed.bus.v1.bus_pb2 import Item
from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.telemetry.context import current, of_item
from seedbed.kernel.telemetry.items import Within, trace_queued
from seedbed.kernel.telemetry.spans import traced


async def queue_job(bus: Bus, item: Item) -> bool:
    """Queue a job; False where it is queued already.

    Its trace links to what asked for it: a call, or the job before. It is recorded afterwards: asking again
    for what is queued already is no news.
    """
    asked, began = current.get(), time.time_ns()
    at = traced(of_item(item.run, item.digest))
    with Within(at):
        queued = await bus.publish_work(item)
    if queued:
        trace_queued(item, at, [asked] if asked else [], began)
    return queued
