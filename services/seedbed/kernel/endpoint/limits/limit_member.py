"""One process's part in the table of an endpoint: what it wishes, what it has, and the table it would write.

It reads and writes nothing itself: `permits.py` does, whenever this says that there is something to write.
"""

from dataclasses import replace

from seedbed.kernel.endpoint.limits.allocation import Holder, LimitTable, begin_anew, learn, settle, shares
from seedbed.kernel.endpoint.limits.call_stats import CallStats


class Liveness:
    """What one process remembers of the others' beats."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int]] = {}

    def living(self, holders: dict[str, Holder], own: str, now: int, most: float) -> dict[str, Holder]:
        """Those that have moved within `most` beats of our own; `now` is how many there were."""
        # In beats of our own since theirs last moved: no clocks are compared, and an outage ages nobody.
        living = {}
        for name, holder in holders.items():
            beat, since = self._seen.get(name, (-1, now))
            if beat != holder.beat:
                beat, since = holder.beat, now
            self._seen[name] = (beat, since)
            if name == own or now - since < most:
                living[name] = holder
        return living


class LimitMember:
    """A holder, and the table as it knows it."""

    def __init__(self, name: str, role: str, limit: int, *, slots: int, low: bool, place: str) -> None:
        self.name = name
        self.place = place
        """How the names of those before it at its address begin: dead, or it could not listen there."""
        self.table = begin_anew(LimitTable(limit), limit, low=low)
        self.mine = Holder(role)
        self.ceiling = limit
        """The most that the others' wishes leave to this one, however much it wants."""
        self._most = limit
        self._slots = slots or limit
        self._low = low
        self._lives = Liveness()

    @property
    def held(self) -> Holder | None:
        """What the table says of it, which counts: one that was stopped for long may have lost its part."""
        return self.table.holders.get(self.name)

    @property
    def granted(self) -> int:
        """Its part by the table."""
        return self.held.granted if self.held else 0

    def bounds_itself(self, in_use: int) -> bool:
        """Whether its own slots keep it from more, which says nothing of what the endpoint takes."""
        return in_use >= self._slots < self.table.limit

    def adopt(self, table: LimitTable) -> None:
        """Take a table as what stands."""
        self.table = table
        if held := self.held:
            self.mine = replace(self.mine, granted=held.granted)
        greedy = replace(self.mine, want=min(table.limit, self._slots))
        self.ceiling = shares(replace(table, holders={**table.holders, self.name: greedy}))[self.name]

    def new_table(self) -> LimitTable:
        """The table where there is none."""
        return begin_anew(LimitTable(self._most), self._most, low=self._low)

    def would_change(self, wanted: int, in_use: int, calls: CallStats) -> bool:
        """Whether anything comes of writing the table now."""
        held = self.held
        if held is None or held.paused != self.mine.paused or self._would_teach(held, calls):
            return True
        asked = replace(self.mine, want=self._cut(wanted), granted=held.granted)
        settled = settle(self.table, self.name, asked, in_use)
        if settled.holders[self.name].granted != held.granted:
            return True
        return asked.want != held.want and shares(settled) != shares(self.table)

    def propose(self, wanted: int, in_use: int, calls: CallStats, *, beat: bool, most: float) -> LimitTable:
        """The table with what it asks for and has seen, and those others that moved within `most` beats."""
        table = replace(self.table, holders=self._living(most))
        table = begin_anew(table, self._most, low=self._low)
        table = learn(table, self.name, calls.seen(), calls.taken, calls.full)
        own = table.holders[self.name]
        asked = replace(
            self.mine,
            want=min(self._cut(wanted), table.limit),
            beat=self.mine.beat + beat,
            granted=self.granted,
            epoch=own.epoch,
            taken=own.taken,
        )
        return settle(table, self.name, asked, in_use)

    def _living(self, most: float) -> dict[str, Holder]:
        living = self._lives.living(self.table.holders, self.name, self.mine.beat, most)
        if not self.place:
            return living
        # At once, not when their beats have failed to come for long: what they had is free.
        gone = {name for name in living if name.startswith(self.place) and name != self.name}
        return {name: held for name, held in living.items() if name not in gone}

    def _cut(self, wanted: int) -> int:
        # Above the limit nothing changes, so it is cut there and the table stays quiet.
        return min(self.table.limit, self._slots, wanted)

    def _would_teach(self, held: Holder, calls: CallStats) -> bool:
        probe = self.table.probe
        if not probe.settled and (held.epoch, held.taken) != (calls.epoch, calls.taken):
            return True
        if probe.settled and self.table.limit >= probe.ceiling:
            calls.successes = 0
        # While nothing is to be tried for long, successes are reported at parts of the way there.
        return bool(calls.refusals) or calls.successes >= max(1, held.granted) * max(1, probe.hold // 4)
