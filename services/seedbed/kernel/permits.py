"""One limit for an endpoint over all processes: who may have how many calls in flight.

All processes share one small table in the LIMITS bucket and change it by compare-and-set only, so the
grants in it never add up to more than the limit, whoever dies and whatever arrives late. `shares` and
`settle` are pure.
"""

import asyncio
import contextlib
import json
import time
from collections import deque
from dataclasses import dataclass, field, replace

import nats.errors
import nats.js.errors

from seedbed.kernel.bus import LIMITS, Bus, is_wrong_revision
from seedbed.kernel.digest import sha256_hex
from seedbed.kernel.logs import get_logger
from seedbed.kernel.tasks import end_tasks

TICK = 0.02
BEAT = 2.0
EXPIRY = 10.0

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Holder:
    """One process in the table."""

    role: str
    granted: int = 0
    want: int = 0
    beat: int = 0
    paused: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The limit of one endpoint and who holds what of it."""

    limit: int
    holders: dict[str, Holder] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: bytes) -> "Table":
        """Read a table from its stored form."""
        value = json.loads(data)
        return cls(value["limit"], {name: Holder(*row) for name, row in value["holders"].items()})

    def to_json(self) -> bytes:
        """The stored form."""
        rows = {n: [h.role, h.granted, h.want, h.beat, h.paused] for n, h in self.holders.items()}
        return json.dumps({"limit": self.limit, "holders": rows}).encode()


def shares(table: Table) -> dict[str, int]:
    """What each process may have: one each while it lasts, then judges, then the others, by need."""
    order = sorted(table.holders, key=lambda name: (table.holders[name].role != "judge", name))
    result = {name: int(index < table.limit) for index, name in enumerate(order)}
    left = table.limit - sum(result.values())
    for judges in (True, False):
        group = [name for name in order if (table.holders[name].role == "judge") == judges]
        while left > 0:
            needy = [name for name in group if result[name] < table.holders[name].want]
            if not needy:
                break
            for position, name in enumerate(needy):
                part = max(1, left // (len(needy) - position)) if left else 0
                part = min(part, table.holders[name].want - result[name], left)
                result[name] += part
                left -= part
    return result


def settle(table: Table, name: str, holder: Holder, in_use: int) -> Table:
    """The table after a process has made its wish known and taken or given back what it may."""
    table = replace(table, holders={**table.holders, name: holder})
    entitled = shares(table)[name]
    free = table.limit - sum(h.granted for h in table.holders.values())
    if entitled < holder.granted:
        granted = max(entitled, min(in_use, holder.granted))
    else:
        granted = holder.granted + max(0, min(entitled - holder.granted, free))
    return replace(table, holders={**table.holders, name: replace(holder, granted=granted)})


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
        self._in_use = 0
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._backlog: dict[str, int] = {}
        self._seen: dict[str, tuple[int, float]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        self._changed.set()

    @property
    def granted(self) -> int:
        """Calls this process may have in flight."""
        return self._mine.granted

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
        if self._in_use < self._mine.granted and not self._waiters:
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

    def _hand_out(self) -> None:
        while self._waiters and self._in_use < self._mine.granted:
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
                self._table, self._revision = Table.from_json(entry.value), entry.revision or 0
                self._changed.set()

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
            self._table, self._revision = settled, revision
        self._mine = replace(mine, paused=self._mine.paused)
        self._hand_out()
        return True

    async def _reload(self) -> None:
        entry = await (await self._bus.bucket(LIMITS)).get(self._key)
        if (entry.revision or 0) > self._revision and entry.value:
            self._table, self._revision = Table.from_json(entry.value), entry.revision or 0

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
        # By our own clock since a beat last moved: no two machines' clocks are compared.
        now = time.monotonic()
        living = {}
        for name, holder in holders.items():
            beat, since = self._seen.get(name, (-1, now))
            if beat != holder.beat:
                beat, since = holder.beat, now
            self._seen[name] = (beat, since)
            if name == self._name or now - since < EXPIRY:
                living[name] = holder
        return living
