"""How many processes ended under an item. Not every delivery is a death: items are also handed back."""

import nats.js.errors

from seedbed.bus.v1.bus_pb2 import Item
from seedbed.kernel.bus.streams import DEATHS, Bus
from seedbed.pipeline.items import item_name

MOST_DEATHS = 10
"""Processes that may end under an item; then it is given up."""


class CrashCounter:
    """A mark for each try that has begun; one that is not taken back is a death."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def begin(self, item: Item) -> int:
        """Mark a try; answers how many before it were never taken back."""
        bucket = await self._bus.bucket(DEATHS)
        try:
            entry = await self._bus.persist(lambda: bucket.get(_key(item)))
            count = int(entry.value or b"0")
        except nats.js.errors.KeyNotFoundError:
            count = 0
        await self._put(item, count + 1)
        return count

    async def survive(self, item: Item, count: int) -> None:
        """Take a mark back: the process still lives, however the try went."""
        await self._put(item, count)

    async def _put(self, item: Item, count: int) -> None:
        bucket = await self._bus.bucket(DEATHS)
        await self._bus.persist(lambda: bucket.put(_key(item), str(count).encode()))


def _key(item: Item) -> str:
    return f"{item.run}.{item.leaf}.{item.step}.{item_name(item.digest, item.candidate)}"
