"""One leaf in progress: its state, with the effects that carry it on."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from seedbed.bus.v1.bus_pb2 import Item, LeafCounts, LeafEntry, LeafState, LeafTarget, Record, Round
from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.errors import Damaged, SeedbedError
from seedbed.kernel.logs import get_logger
from seedbed.kernel.store.interface import Store
from seedbed.kernel.store.leaf_commits import find_commit
from seedbed.kernel.work.failure_counter import MOST_TRIES, FailureCounter, describe, is_elsewhere
from seedbed.kernel.work.memo import Memo
from seedbed.pipeline.plan import KnownPlan
from seedbed.runs.domain.damage import ENDED, end_damaged, words
from seedbed.runs.domain.leaf_state import LeafStateMachine
from seedbed.runs.domain.pedigree import write_draw, write_part
from seedbed.runs.execution.publishing import send
from seedbed.runs.execution.telemetry import LeafTelemetry
from seedbed.runs.storage.leaf_records import AT_ONCE, LeafRecords
from seedbed.runs.storage.part_file import PartFile, keep_part
from seedbed.runs.storage.run_entries import Cell, Entries
from seedbed.runs.storage.seals import Seals
from seedbed.taxonomy.v1.leaf_pb2 import Leaf

SLICE = 0.02
SLOW = 5.0
"""Seconds without news after which a leaf's documents are slow."""
SEAL_BYTES = 4 << 20
"""So much of what was paid for is gathered at most before it goes into a seal."""
LEAST_PATIENCE = 2.0
MOST_PATIENCE = 60.0
log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Effects:
    """What work on leaves reaches out to."""

    bus: Bus
    store: Store
    entries: Entries
    seals: Seals
    memo: Memo


class LeafRunner:
    """Carries one leaf from its opening to its end."""

    def __init__(
        self,
        known: KnownPlan,
        target: LeafTarget,
        leaf: Leaf,
        cell: Cell[LeafEntry],
        effects: Effects,
        on_change: Callable[[], None],
    ) -> None:
        self.state = LeafStateMachine(known, target, leaf)
        self.cell = cell
        self.commit = ""
        self.opened = False
        """Whether it is on record that the leaf is open, and what may be recalled is brought in."""
        self.ready = False
        """Whether its state is prepared: from then on it takes in records and settles."""
        self.parked = False
        """Whether its share of the budget is spent: it goes on, or ends, as the run's budget allows."""
        self.last_news = time.monotonic()
        self.patience = LEAST_PATIENCE
        """After how many silent seconds what is open is published again."""
        self._telemetry = LeafTelemetry(known.plan.run, target)
        self._send = partial(send, effects.bus, effects.memo, known)
        self._store = effects.store
        self._entries = effects.entries
        self._seals = effects.seals
        self._records = LeafRecords(self.place, leaf.path, effects.bus, effects.memo, effects.seals)
        self._on_change = on_change
        self.part_file = PartFile()
        self._advancing = asyncio.Lock()
        self._cancelled = False
        self._tries = FailureCounter()

    @property
    def place(self) -> str:
        """What keys and subjects of the leaf have in common."""
        return f"{self.state.known.plan.run}.{self.state.target.leaf}"

    @property
    def in_flight(self) -> int:
        """Items published and not closed."""
        fold = self.state.fold
        return fold.in_flight if self.ready else fold.open_items

    @property
    def outlook(self) -> int:
        """Draws to be begun, as far as that is known; nobody waits for a leaf whose documents take long."""
        slow = self.state.preparing and time.monotonic() - self.last_news > SLOW
        return 0 if slow else self.state.outlook

    @property
    def ended(self) -> bool:
        """Whether the leaf is at its end, or this work on it: a cancelled leaf may have been opened again."""
        return self._cancelled or self.cell.value.state in ENDED

    async def open(self) -> None:
        """Bring in what may be recalled and say that the leaf is open; `resume` begins."""
        with self._telemetry.opening():
            if self.cell.revision:
                await self._records.put_by()
            specs = set(self.state.known.specs.digests.values())
            await self._records.bring_in(specs, set(self.cell.value.excluded))
            if self.ended:
                # What was brought in cannot all be read.
                return
            await self._entries.write(self.cell, lambda entry: _set_state(entry, LeafState.LEAF_STATE_OPEN))
        self.opened = True

    async def resume(self) -> None:
        """Begin, or go on after a restart, from the entry and the records there are."""
        await self._guard(self._resume())

    async def advance(self) -> None:
        """Settle what can be settled; close rounds and open the next ones for as long as all is."""
        await self._guard(self._advance())

    async def publish(self, most: int) -> None:
        """Publish items that wait, at most so many."""
        await self._guard(self._publish_waiting(most))

    async def _guard(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Damaged as error:
            await self.end_damaged(words(error))
        except SeedbedError:
            raise
        except Exception as error:
            if is_elsewhere(error) or not self._tries.fail(self.place):
                raise
            log.exception("a leaf cannot be gone on with")
            await self.end_damaged(f"given up after {MOST_TRIES} tries: {describe(error)}")

    async def _resume(self) -> None:
        if not self.opened or self.ended:
            return
        if not self.ready:
            self.commit = await find_commit(self._store, self.state.leaf.digest)
            if not self.state.known.recipe.refill:
                self.state.brought = await self._records.digests()
            self.state.prepare()
            self.ready = True
        await self._advance()
        await self.publish_again()

    def take(self, record: Record) -> bool:
        """Take in a record; True where `advance` is due."""
        if not self.state.fold.take(record):
            return False
        self.last_news = time.monotonic()
        # Whoever is at it settles this as well, before it lets go of the lock.
        return self.ready and not self._advancing.locked() and self.state.is_due()

    async def _advance(self) -> None:
        async with self._advancing:
            while not self.ended:
                await self._settle()
                if not self.state.settled:
                    break
                self.state.close_round()
                self._telemetry.closed(self.state.settlement)
                upcoming = self.state.next_round()
                number = self.state.settlement.rounds
                decided = self.cell.value.rounds
                # The same seals after a replay, as they end where they ended before.
                await self._seal(self.state.paid)
                if number < len(decided):
                    upcoming = decided[number]
                elif upcoming is None:
                    self.parked = self.state.starved and not self.state.settlement.halted
                    if not self.parked:
                        await self._finish()
                    break
                else:
                    await self._decide(upcoming)
                self.state.open_round(upcoming)
                # Between rounds of recalled records nothing else waits: let others have their turn.
                await asyncio.sleep(0)
        self._on_change()

    async def _publish_waiting(self, most: int) -> None:
        items = self.state.take_waiting(most)
        await self._publish(items)
        if self.state.is_due():
            # Records were there already.
            await self._advance()

    async def publish_again(self) -> None:
        """Publish again what is announced and has no record: harmless, as each is open only once."""
        self.last_news = time.monotonic()
        if self.ended:
            return
        await self._publish(self.state.unclosed_roots())

    async def cancel(self, counts: LeafCounts | None = None) -> None:
        """Stop work on the leaf; what was paid for stays in a seal. `counts`: its own may not be known."""
        async with self._advancing:
            self._cancelled = True
            await self._seal(self.state.rest_paid())
            notes, counts = self.state.notes, counts or self.state.counts()

            def stop(entry: LeafEntry) -> None:
                _set_state(entry, LeafState.LEAF_STATE_CANCELLED)
                entry.notes[:] = notes
                entry.counts.CopyFrom(counts)

            await self._entries.write(self.cell, stop)
            await self._records.clear()

    async def end_damaged(self, reason: str) -> None:
        """End the leaf, as something that it rests on cannot be read; what was paid for stays."""
        async with self._advancing:
            if self.ended:
                return
            # Before that not all of its records are known.
            sealed = self.ready
            try:
                await self._seal(self.state.rest_paid())
            except Damaged:
                sealed = False
            counts = self.state.counts()
            await self._entries.write(self.cell, lambda entry: end_damaged(entry, reason, counts))
            # What is in no seal stays on the bus, and is put by when the leaf is opened again.
            await (self._records.clear() if sealed else self._records.clear_work())
            log.error("leaf ended", leaf=self.state.leaf.path, reason=reason)
        self._on_change()

    async def _publish(self, items: list[Item]) -> None:
        for start in range(0, len(items), AT_ONCE):
            await asyncio.gather(*map(self._send, items[start : start + AT_ONCE]))

    async def _decide(self, upcoming: Round) -> None:
        await self._entries.write(self.cell, lambda entry: entry.rounds.append(upcoming))

    async def _settle(self) -> None:
        since = time.monotonic()
        for decided in self._telemetry.settling(self.state):
            self.part_file.add(decided.number, write_draw(self.state, decided, self.commit))
            self.part_file.write()
            if self.state.paid_bytes > SEAL_BYTES:
                await self._seal(self.state.paid)
            # In slices, so that calls and watches have their turns between.
            if time.monotonic() - since > SLICE:
                await asyncio.sleep(0)
                since = time.monotonic()

    async def _seal(self, records: list[Record]) -> None:
        if records:
            records = sorted(records, key=lambda record: record.digest)
            name = await self._seals.write(self.state.leaf.path, records)
            self.state.note_sealed()
            log.debug("sealed", leaf=self.state.leaf.path, records=len(records), seal=name)

    async def _finish(self) -> None:
        await self._seal(self.state.rest_paid())
        with self._telemetry.ending(self.state):
            digest = await keep_part(self._store, write_part(self.state, self.part_file.in_order()))
        counts, reason = self.state.counts(), self.state.shortfall()

        def end(entry: LeafEntry) -> None:
            entry.state = LeafState.LEAF_STATE_SEALED
            entry.part = digest
            entry.reason = reason
            entry.notes[:] = self.state.notes
            entry.counts.CopyFrom(counts)

        await self._entries.write(self.cell, end)
        await self._records.clear()
        log.info("leaf ended", leaf=self.state.leaf.path, accepted=counts.accepted, reason=reason)


def _set_state(entry: LeafEntry, state: LeafState.ValueType) -> None:
    entry.state = state
