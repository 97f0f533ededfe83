"""One limit for an endpoint over all processes: who may have how many calls in flight.

All processes share one small table in the LIMITS bucket and change it by compare-and-set only, so the
grants in it never add up to more than the limit, whoever dies and whatever arrives late.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import nats.errors
import nats.js.errors

from seedbed.kernel.bus import LIMITS, Bus, is_wrong_revision
from seedbed.kernel.digest import sha256_hex
from seedbed.kernel.logs import get_logger
from seedbed.kernel.shares import Holder, Table, settle, shares
from seedbed.kernel.tasks import end_tasks

__all__ = ["Permits", "Table"]

TICK = 0.04
BEAT = 2.0
EXPIRY = 10.0

log = get_logger(__name__)


class Permits:
    """This process's part of one endpoint's limit."""

    def __init__(self, bus: Bus, endpoint: str, name: str, role: str, limit: int) -> None:
        self._bus = bus
        self._key = sha256_hex(endpoint)[:16]
        self._name = name
        self._limit = limit
        self._table = Table(limit)
        self._revision = 0
        self._mine = Holder(role)
        self._ceiling = limit
        self._in_use = 0
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._backlog: dict[str, int] = {}
        self._seen: dict[str, tuple[int, int]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        self._changed.set()
        self.on_grant: Callable[[], None] = lambda: None

    @property
    def granted(self) -> int:
        """Calls this process may have in flight."""
        return self._mine.granted

    @property
    def room(self) -> int:
        """Permits that nobody uses or waits for."""
        return min(self._mine.granted, self._ceiling) - self._in_use - len(self._waiters)

    def start(self) -> None:
        """Begin to follow the table and to take part in it."""
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._keep())]

    async def stop(self) -> None:
        """Leave the table."""
        await end_tasks(self._tasks)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._leave(), 2)

    def expect(self, step: str, backlog: int) -> None:
        """Say how many items of a step are waiting."""
        if self._backlog.get(step) != backlog:
            self._backlog[step] = backlog
            self._changed.set()

    def pause(self, why: str) -> None:
        """Say why the endpoint is being waited for; "" when it is back."""
        if why != self._mine.paused:
            self._mine = replace(self._mine, paused=why)
            self._changed.set()

    async def acquire(self) -> None:
        """Wait for a permit."""
        if self._has_free() and not self._waiters:
            self._in_use += 1
            self._changed.set()
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._changed.set()
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release()
            else:
                # Already taken off where permits were handed out since it was cancelled.
                with contextlib.suppress(ValueError):
                    self._waiters.remove(waiter)
            raise

    def release(self) -> None:
        """Give a permit back."""
        self._in_use -= 1
        self._hand_out()
        self._changed.set()

    def _has_free(self) -> bool:
        # Above the ceiling a permit is kept for the others: handed out at once it would never reach them.
        return self._in_use < min(self._mine.granted, self._ceiling)

    def _hand_out(self) -> None:
        while self._waiters and self._has_free():
            waiter = self._waiters.popleft()
            if not waiter.done():
                self._in_use += 1
                waiter.set_result(None)

    def _wish(self) -> int:
        # Above the limit nothing changes, so it is cut there and the table stays quiet.
        return min(self._limit, self._in_use + len(self._waiters) + sum(self._backlog.values()))

    async def _follow(self) -> None:
        async for entry in self._bus.watch(LIMITS, self._key):
            if entry is None or not entry.value:
                continue
            if (entry.revision or 0) >= self._revision:
                self._adopt(Table.from_json(entry.value), entry.revision or 0)
                self._changed.set()

    def _adopt(self, table: Table, revision: int) -> None:
        self._table, self._revision = table, revision
        # The most that the others' wishes leave to this one, however much it wants.
        greedy = replace(self._mine, want=self._limit)
        self._ceiling = shares(replace(table, holders={**table.holders, self._name: greedy}))[self._name]
        self._hand_out()

    async def _keep(self) -> None:
        last_beat = 0.0
        while True:
            # Not `wait_for`: on Python 3.11 it swallows a cancellation that comes with a change.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT):
                    await self._changed.wait()
            self._changed.clear()
            beat = time.monotonic() - last_beat >= BEAT
            if beat or self._would_change():
                try:
                    if await self._write(beat=beat):
                        last_beat = time.monotonic() if beat else last_beat
                    else:
                        self._changed.set()
                except (TimeoutError, nats.errors.Error) as error:
                    log.warning("permits not written", error=repr(error))
                    self._changed.set()
            await asyncio.sleep(TICK)

    def _would_change(self) -> bool:
        held = self._table.holders.get(self._name)
        if held is None or held.paused != self._mine.paused:
            return True
        wish = replace(self._mine, want=self._wish(), granted=held.granted)
        settled = settle(self._table, self._name, wish, self._in_use)
        if settled.holders[self._name].granted != held.granted:
            return True
        return wish.want != held.want and shares(settled) != shares(self._table)

    async def _write(self, *, beat: bool) -> bool:
        held = self._table.holders.get(self._name)
        # What the table says counts: one that was stopped for long may have lost its part to others.
        before = held.granted if held else 0
        wish = replace(self._mine, want=self._wish(), beat=self._mine.beat + beat, granted=before)
        table = replace(self._table, limit=self._limit, holders=self._living(self._table.holders))
        settled = settle(table, self._name, wish, self._in_use)
        mine = settled.holders[self._name]
        # Lowered before it is written: nobody may start on a permit that is being given back.
        self._mine = replace(self._mine, granted=min(before, mine.granted))
        bucket = await self._bus.bucket(LIMITS)
        try:
            revision = await bucket.update(self._key, settled.to_json(), last=self._revision)
        except nats.js.errors.APIError as error:
            self._mine = replace(self._mine, granted=before)
            if is_wrong_revision(error):
                await self._reload()
                return False
            raise
        if revision > self._revision:
            self._adopt(settled, revision)
        self._mine = replace(mine, paused=self._mine.paused)
        self._hand_out()
        self.on_grant()
        return True

    async def _reload(self) -> None:
        """Take the table as it is, even if older: a server that lost its last seconds counts from there."""
        try:
            entry = await (await self._bus.bucket(LIMITS)).get(self._key)
        except nats.js.errors.KeyNotFoundError:
            self._adopt(Table(self._limit), 0)
            return
        self._adopt(Table.from_json(entry.value or b""), entry.revision or 0)

    async def _leave(self) -> None:
        for _ in range(20):
            await self._reload()
            rest = {name: h for name, h in self._table.holders.items() if name != self._name}
            data = replace(self._table, holders=rest).to_json()
            try:
                await (await self._bus.bucket(LIMITS)).update(self._key, data, last=self._revision)
            except nats.js.errors.KeyWrongLastSequenceError:
                continue
            return

    def _living(self, holders: dict[str, Holder]) -> dict[str, Holder]:
        # In beats of our own since theirs last moved: no clocks are compared, and an outage ages nobody.
        now = self._mine.beat
        living = {}
        for name, holder in holders.items():
            beat, since = self._seen.get(name, (-1, now))
            if beat != holder.beat:
                beat, since = holder.beat, now
            self._seen[name] = (beat, since)
            if name == self._name or (now - since) * BEAT < EXPIRY:
                living[name] = holder
        return living
