"""What earlier runs of a leaf left in its seals, as far as they asked the same models by the same prompts."""

import contextlib

from seedbed.bus.v1.bus_pb2 import Record
from seedbed.estimate.measures import Measures, measure
from seedbed.estimate.weighing import Asked, spec_digests
from seedbed.kernel.errors import Damaged
from seedbed.kernel.store.interface import Store
from seedbed.pipeline.recipe import Gates
from seedbed.runs.storage.seals import Seals

_MOST = 2000
"""So many records say enough of a leaf."""


async def recall(store: Store, path: str, gates: Gates, *, teacher: Asked, judge: Asked) -> Measures:
    """What the first of a leaf's records measured."""
    found: list[Record] = []
    # What is damaged ends its leaf, and says nothing here.
    with contextlib.suppress(Damaged):
        async for record in Seals(store).read(path, spec_digests(teacher=teacher, judge=judge)):
            found.append(record)
            if len(found) == _MOST:
                break
    return measure(found, gates)
