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

from seedbed.kernel.bus.nats_errors import is_wrong_revision
from seedbed.kernel.bus.streams import LIMITS, Bus
from seedbed.kernel.endpoint.endpoint_errors import is_overload
from seedbed.kernel.endpoint.limits.allocation import LimitTable
from seedbed.kernel.endpoint.limits.call_stats import Call, CallStats
from seedbed.kernel.endpoint.limits.limit_member import LimitMember
from seedbed.kernel.errors import EndpointError
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.logs import get_logger
from seedbed.kernel.tasks import end_tasks

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
        self._member = LimitMember(name, role, limit, slots=slots, low=low, place=place)
        self._data, self._revision = b"", 0
        self._in_use = 0
        self._waiting = 0
        self._calls = CallStats()
        self._tasks: list[asyncio.Task[None]] = []
        self._changed = asyncio.Event()
        self._changed.set()
        self._urgent = asyncio.Event()
        self.on_grant: Callable[[], None] = lambda: None
        self.on_rest: Callable[[float], None] = lambda _: None

    @property
    def granted(self) -> int:
        """Calls this process may have in flight."""
        return self._member.mine.granted

    @property
    def limit(self) -> int:
        """Calls that all processes together may have in flight."""
        return self._member.table.limit

    @property
    def in_use(self) -> int:
        """Permits taken and not given back."""
        return self._in_use

    @property
    def paused(self) -> str:
        """Why this process makes no calls; "" where it does."""
        return self._member.mine.paused

    @property
    def load(self) -> float:
        """How much of its part this process uses."""
        return self._in_use / max(1, self.granted)

    @property
    def free(self) -> int:
        """Permits that may be taken."""
        # Above the ceiling a permit is kept for the others: handed out at once it would never reach them.
        return min(self.granted, self._member.ceiling) - self._in_use

    @property
    def _wanted(self) -> int:
        return self._in_use + self._waiting

    def start(self) -> None:
        """Begin to follow the table and to take part in it."""
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._keep())]

    async def stop(self) -> None:
        """Stop taking part, and give up this process's row of the table within two seconds, or not at all."""
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
        if why != self.paused:
            self._member.mine = replace(self._member.mine, paused=why)
            self._changed.set()

    def take(self) -> None:
        """Take a permit that is free; see `free`."""
        self._in_use += 1
        self._changed.set()

    def give_back(self) -> None:
        """Give a permit back; written at once where another process waits for it."""
        self._in_use -= 1
        if self.granted > self._member.ceiling:
            # Somebody waits for it.
            self._urgent.set()
        self._changed.set()

    def begin(self) -> Call:
        """A call is sent with a permit."""
        return self._calls.begin()

    def end(self, call: Call, error: EndpointError | None = None) -> None:
        """The call has ended: answered, refused as too many, or in a way that says nothing of the limit."""
        if error is None:
            bounded = self._member.bounds_itself(self._in_use)
            self._calls.succeed(call, saturated=self.free <= 0 and not bounded)
        elif is_overload(error):
            self._calls.refuse(call, error.retry_after or 0)
            self._urgent.set()
        else:
            self._calls.lose(call)
        self._changed.set()

    def drop(self, call: Call) -> None:
        """Nobody waits for its end any more."""
        self._calls.lose(call)

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
        table = LimitTable.from_json(data)
        lowered = table.probe.epoch != self._calls.epoch
        self._data, self._revision = data, revision
        self._member.adopt(table)
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
            if beat or self._member.would_change(self._wanted, self._in_use, self._calls):
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

    async def _write(self, *, beat: bool) -> bool:
        member, reported, before = self._member, self._calls.seen(), self._member.granted
        settled = member.propose(self._wanted, self._in_use, self._calls, beat=beat, most=EXPIRY / BEAT)
        mine = settled.holders[member.name]
        # Lowered before it is written: nobody may start on a permit that is being given back.
        member.mine = replace(member.mine, granted=min(before, mine.granted))
        bucket, data = await self._bus.bucket(LIMITS), settled.to_json()
        try:
            revision = await bucket.update(self._key, data, last=self._revision)
        except nats.js.errors.APIError as error:
            member.mine = replace(member.mine, granted=before)
            if is_wrong_revision(error):
                await self._reload()
                return False
            raise
        self._calls.forget(reported)
        member.place = ""
        if revision > self._revision:
            self._adopt(data, revision)
        # By now others may have granted more.
        member.mine = replace(mine, paused=member.mine.paused, granted=member.mine.granted)
        self.on_grant()
        return True

    async def _reload(self) -> None:
        """Take the table as it is, even if older: a server that lost its last seconds counts from there."""
        try:
            entry = await (await self._bus.bucket(LIMITS)).get(self._key)
        except nats.js.errors.KeyNotFoundError:
            self._adopt(self._member.new_table().to_json(), 0)
            return
        self._adopt(entry.value or b"", entry.revision or 0)

    async def _leave(self) -> None:
        for _ in range(20):
            await self._reload()
            table, own = self._member.table, self._member.name
            rest = {name: held for name, held in table.holders.items() if name != own}
            data = replace(table, holders=rest).to_json()
            try:
                await (await self._bus.bucket(LIMITS)).update(self._key, data, last=self._revision)
            except nats.js.errors.KeyWrongLastSequenceError:
                continue
            return
