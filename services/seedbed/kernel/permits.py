"""One limit for an endpoint over all processes: who may have how many calls in flight.

All processes share one small table in the LIMITS bucket and change it by compare-and-set only, so the
grants in it never add up to more than the limit, whoever dies and whatever arrives late.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import replace

import nats.errors
import nats.js.errors

from seedbed.kernel.bus import LIMITS, Bus, is_wrong_revision
from seedbed.kernel.calls import Call, Calls
from seedbed.kernel.digest import sha256_hex
from seedbed.kernel.errors import EndpointError
from seedbed.kernel.faults import is_overload
from seedbed.kernel.lives import Lives
from seedbed.kernel.logs import get_logger
from seedbed.kernel.shares import Holder, Table, begin_anew, learn, settle, shares
from seedbed.kernel.tasks import end_tasks

__all__ = ["Permits", "Table"]

TICK, LEAST_TICK = 0.04, 0.01
BEAT = 2.0
EXPIRY = 10.0

log = get_logger(__name__)


class Permits:
    """This process's part of one endpoint's limit."""

    def __init__(
        self,
        bus: Bus,
        endpoint: str,
        name: str,
        role: str,
        limit: int,
        *,
        slots: int = 0,
        low: bool = False,
        place: str = "",
    ) -> None:
        self._bus = bus
        self._key = sha256_hex(endpoint)[:16]
        self._name = name
        self._place = place
        """How the names of those before it at its address begin: dead, or it could not listen there."""
        self._most = limit
        self._slots = slots or limit
        """The most that this process takes of it."""
        self._low = low
        self._table = begin_anew(Table(limit), limit, low=low)
        self._data, self._revision = b"", 0
        self._mine = Holder(role)
        self._ceiling = limit
        self._in_use = 0
        self._waiting = 0
        self._calls = Calls()
        self._lives = Lives()
        self._tasks: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        self._changed.set()
        self._urgent = asyncio.Event()
        self.on_grant: Callable[[], None] = lambda: None
        self.on_rest: Callable[[float], None] = lambda _: None

    @property
    def granted(self) -> int:
        """Calls this process may have in flight."""
        return self._mine.granted

    @property
    def limit(self) -> int:
        """Calls that all processes together may have in flight."""
        return self._table.limit

    @property
    def in_use(self) -> int:
        """Permits taken."""
        return self._in_use

    @property
    def paused(self) -> str:
        """Why this process makes no calls; "" where it does."""
        return self._mine.paused

    @property
    def load(self) -> float:
        """How much of its part this process uses."""
        return self._in_use / max(1, self._mine.granted)

    @property
    def free(self) -> int:
        """Permits that may be taken."""
        # Above the ceiling a permit is kept for the others: handed out at once it would never reach them.
        return min(self._mine.granted, self._ceiling) - self._in_use

    def start(self) -> None:
        """Begin to follow the table and to take part in it."""
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._keep())]

    async def stop(self) -> None:
        """Leave the table."""
        if self._tasks:
            await end_tasks(self._tasks)
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._leave(), 2)

    def expect(self, waiting: int) -> None:
        """Say how many wait for a permit."""
        if self._waiting != waiting:
            self._waiting = waiting
            self._changed.set()

    def pause(self, why: str) -> None:
        """Say why the endpoint is being waited for; "" when it is back."""
        if why != self._mine.paused:
            self._mine = replace(self._mine, paused=why)
            self._changed.set()

    def take(self) -> None:
        """Take a permit."""
        self._in_use += 1
        self._changed.set()

    def give_back(self) -> None:
        """Give a permit back."""
        self._in_use -= 1
        if self._mine.granted > self._ceiling:
            # Somebody waits for it.
            self._urgent.set()
        self._changed.set()

    def begin(self) -> Call:
        """A call is made with a permit."""
        return self._calls.begin()

    def end(self, call: Call, error: EndpointError | None = None) -> None:
        """It has come to its end."""
        if error is None:
            self._calls.succeed(call, saturated=self.free <= 0)
        elif is_overload(error):
            self._calls.refuse(call, error.retry_after or 0)
            self._urgent.set()
        else:
            self._calls.lose(call)
        self._changed.set()

    def drop(self, call: Call) -> None:
        """Nobody waits for its end any more."""
        self._calls.lose(call)

    def _wish(self) -> int:
        # Above the limit nothing changes, so it is cut there and the table stays quiet.
        return min(self._table.limit, self._slots, self._in_use + self._waiting)

    async def _follow(self) -> None:
        async for entry in self._bus.watch(LIMITS, self._key):
            if entry is None or not entry.value:
                continue
            revision = entry.revision or 0
            # What it has written itself comes back, and is known.
            if revision >= self._revision and (entry.value, revision) != (self._data, self._revision):
                self._adopt(entry.value, revision)
                self._changed.set()
                self.on_grant()

    def _adopt(self, data: bytes, revision: int) -> None:
        table = Table.from_json(data)
        lowered = table.probe.epoch != self._calls.epoch
        self._table, self._data, self._revision = table, data, revision
        if held := table.holders.get(self._name):
            self._mine = replace(self._mine, granted=held.granted)
        # The most that the others' wishes leave to this one, however much it wants.
        greedy = replace(self._mine, want=min(table.limit, self._slots))
        self._ceiling = shares(replace(table, holders={**table.holders, self._name: greedy}))[self._name]
        if lowered:
            self._calls.renew(table.probe.epoch)
            self.on_rest(table.probe.pause)

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
            await asyncio.sleep(LEAST_TICK)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK):
                    await self._urgent.wait()
            self._urgent.clear()

    def _would_change(self) -> bool:
        held = self._table.holders.get(self._name)
        if held is None or held.paused != self._mine.paused or self._would_teach(held):
            return True
        wish = replace(self._mine, want=self._wish(), granted=held.granted)
        settled = settle(self._table, self._name, wish, self._in_use)
        if settled.holders[self._name].granted != held.granted:
            return True
        return wish.want != held.want and shares(settled) != shares(self._table)

    def _would_teach(self, held: Holder) -> bool:
        probe, calls = self._table.probe, self._calls
        if not probe.settled and (held.epoch, held.taken) != (calls.epoch, calls.taken):
            return True
        if probe.settled and self._table.limit >= probe.ceiling:
            calls.successes = 0
        # While nothing is to be tried for long, what went well is told in parts of the way there.
        return bool(calls.refusals) or calls.successes >= max(1, held.granted) * max(1, probe.hold // 4)

    async def _write(self, *, beat: bool) -> bool:
        held = self._table.holders.get(self._name)
        # What the table says counts: one that was stopped for long may have lost its part to others.
        before = held.granted if held else 0
        wish = replace(self._mine, want=self._wish(), beat=self._mine.beat + beat, granted=before)
        told = self._calls.seen()
        living = self._lives.living(self._table.holders, self._name, self._mine.beat, EXPIRY / BEAT)
        if self._place:
            # At once, not when their beats have failed to come for long: what they had is free.
            gone = [other for other in living if other.startswith(self._place) and other != self._name]
            living = {other: held for other, held in living.items() if other not in gone}
        table = replace(self._table, holders=living)
        table = begin_anew(table, self._most, low=self._low)
        table = learn(table, self._name, told, self._calls.taken, self._calls.full)
        own = table.holders[self._name]
        wish = replace(wish, want=min(wish.want, table.limit), epoch=own.epoch, taken=own.taken)
        settled = settle(table, self._name, wish, self._in_use)
        mine = settled.holders[self._name]
        # Lowered before it is written: nobody may start on a permit that is being given back.
        self._mine = replace(self._mine, granted=min(before, mine.granted))
        bucket, data = await self._bus.bucket(LIMITS), settled.to_json()
        try:
            revision = await bucket.update(self._key, data, last=self._revision)
        except nats.js.errors.APIError as error:
            self._mine = replace(self._mine, granted=before)
            if is_wrong_revision(error):
                await self._reload()
                return False
            raise
        self._calls.forget(told)
        self._place = ""
        if revision > self._revision:
            self._adopt(data, revision)
        # By now others may have granted more.
        self._mine = replace(mine, paused=self._mine.paused, granted=self._mine.granted)
        self.on_grant()
        return True

    async def _reload(self) -> None:
        """Take the table as it is, even if older: a server that lost its last seconds counts from there."""
        try:
            entry = await (await self._bus.bucket(LIMITS)).get(self._key)
        except nats.js.errors.KeyNotFoundError:
            self._adopt(begin_anew(Table(self._most), self._most, low=self._low).to_json(), 0)
            return
        self._adopt(entry.value or b"", entry.revision or 0)

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
