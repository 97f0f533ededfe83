"""The records of a leaf on the bus: brought in from seals, put by into them, and cleared away."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Container

from seedbed.bus.v1.bus_pb2 import Outcome, Record
from seedbed.kernel.bus.streams import MEMO, Bus
from seedbed.kernel.errors import Damaged
from seedbed.kernel.logs import get_logger
from seedbed.kernel.work.memo import Memo, record_key
from seedbed.runs.domain.fold import is_new
from seedbed.runs.storage.seals import Seals

AT_ONCE = 32
IN_A_SEAL = 2000

log = get_logger(__name__)


class LeafRecords:
    """What the bus holds of one leaf of one run. `place` is what its keys and subjects have in common."""

    def __init__(self, place: str, path: str, bus: Bus, memo: Memo, seals: Seals) -> None:
        self._place = place
        self._path = path
        self._bus = bus
        self._memo = memo
        self._seals = seals

    async def put_by(self) -> None:
        """Seal what an earlier life of the leaf left on the bus.

        Workers wrote it after the leaf was cancelled, say. Nobody was there then to take it in, and as
        a record is written only once, it would never be heard of again.
        """
        async for left in gather(r async for r in self._records() if r.followed and is_new(r)):
            await self._seals.write(self._path, left)
        await self.clear()

    async def bring_in(self, specs: Container[str], excluded: Container[str]) -> None:
        """Bring in what plans with these specs can reach, without what failed of the excluded items."""
        count = 0
        async for batch in gather(self._seals.read(self._path, specs, but=excluded), AT_ONCE):
            await asyncio.gather(
                *(self._memo.create(record_key(self._place, r.step, r.digest), r) for r in batch)
            )
            count += len(batch)
        if count:
            log.info("records brought in", leaf=self._path, count=count)

    async def digests(self) -> set[str]:
        """The items there are records of, those that were skipped left out."""
        return {r.digest async for r in self._records() if r.outcome != Outcome.OUTCOME_SKIPPED}

    async def clear(self) -> None:
        """Remove the leaf's records, and what waits of its work."""
        await self._bus.purge(f"KV_{MEMO}", f"$KV.{MEMO}.{self._place}.>")
        await self.clear_work()

    async def clear_work(self) -> None:
        """Remove what waits of the leaf's work alone."""
        await self._bus.purge("WORK", f"seedbed.v1.work.*.*.{self._place}.>")

    async def _records(self) -> AsyncIterator[Record]:
        watch = self._bus.watch(MEMO, f"{self._place}.>")
        async with contextlib.aclosing(watch):
            async for entry in watch:
                if entry is None:
                    return
                try:
                    yield await self._memo.read(entry.value or b"")
                except Damaged as error:
                    log.warning("a record is left out", leaf=self._path, key=entry.key, error=error.message)


async def gather(records: AsyncIterator[Record], most: int = IN_A_SEAL) -> AsyncIterator[list[Record]]:
    """Records, so many at a time."""
    some: list[Record] = []
    async for record in records:
        some.append(record)
        if len(some) == most:
            yield some
            some = []
    if some:
        yield some
