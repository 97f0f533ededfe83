"""The book of runs: the bucket RUNS, what of it is missing or cannot be read, and how it is brought back."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from seedbed.kernel.errors import Conflict, Damaged
from seedbed.kernel.logs import get_logger
from seedbed.kernel.store.interface import Store
from seedbed.runs.execution.run import ManagedRun
from seedbed.runs.storage.run_copies import PREFIX, copy_key, find_gaps, read_copy, stamp_of, write_copy

LOOK = 2.0
_LAST_LOOK = 5.0
_SHOWN = 3

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that the book has lost. Without a leaf it is the run's own entry."""

    run: str
    leaf: str
    what: str

    def describe(self) -> str:
        """The gap for a person: which run, which leaf, what is missing."""
        return f"run {self.run}{f', leaf {self.leaf}' if self.leaf else ''}: {self.what}"


class RunBook:
    """Keeps copies of all runs, and says what is not as its copy has it; `unreadable` goes by key."""

    def __init__(self, store: Store, runs: Mapping[str, ManagedRun], unreadable: Mapping[str, str]) -> None:
        self._store = store
        self._runs = runs
        self._unreadable = unreadable
        self._copying = asyncio.Lock()
        """Held while a copy is made or removed: of a run that goes, none is left behind."""

    async def keep_copies(self) -> None:
        """Keep the copies up to date; never ends."""
        while True:
            for run in list(self._runs.values()):
                await self.keep_copy(run)
            await asyncio.sleep(LOOK)

    async def keep_last_copies(self) -> None:
        """The same once more, before the process ends; what fails is made up for when the next begins."""
        try:
            async with asyncio.timeout(_LAST_LOOK):
                for run in list(self._runs.values()):
                    await self.keep_copy(run)
        except Exception as error:  # noqa: BLE001  nothing may keep a service from ending
            log.warning("copies of the book are not up to date", error=str(error))

    async def keep_copy(self, run: ManagedRun) -> None:
        """Bring the copy of a run up to date, unless the book has lost what the copy has."""
        async with self._copying:
            if self._runs.get(run.name) is run:
                await self._keep_copy(run)

    async def drop_copy(self, run: ManagedRun) -> None:
        """Remove the copy of a run that is about to go; none is made of it any more."""
        async with self._copying:
            await self._store.delete(copy_key(run.name))
            run.copied = stamp_of(run)

    async def _keep_copy(self, run: ManagedRun) -> None:
        stamp = stamp_of(run)
        if run.copied == stamp or not run.cell.revision:
            return
        if run.copied is None or run.gaps:
            run.gaps = await self._compare(run)
        if run.gaps:
            log.error("the book of runs is not whole", run=run.name, gaps=len(run.gaps))
        else:
            await write_copy(self._store, run)
        run.copied = stamp

    async def find_gaps(self) -> list[Gap]:
        """All that is missing from the book, by run. Raises StoreError."""
        gaps = [Gap(key.partition(".")[0], "", why) for key, why in sorted(self._unreadable.items())]
        named = {gap.run for gap in gaps}
        copied = {key.removeprefix(PREFIX) for key in await self._store.keys(PREFIX)}
        gone = sorted(copied - self._runs.keys() - named)
        gaps += [Gap(name, "", "it has no entry, though the store has a copy of it") for name in gone]
        for run in sorted(self._runs.values(), key=lambda run: run.name):
            run.gaps = await self._compare(run) if run.cell.revision else []
            gaps += [Gap(run.name, leaf, what) for leaf, what in run.gaps]
        return gaps

    async def check(self) -> None:
        """Refuse where an entry is missing or cannot be read. Raises Conflict."""
        if gaps := await self.find_gaps():
            some = "; ".join(gap.describe() for gap in gaps[:_SHOWN])
            more = f"; and {len(gaps) - _SHOWN} more" if len(gaps) > _SHOWN else ""
            hint = "`seedbed store verify` says what is missing, and with --repair brings back what can be"
            raise Conflict(f"the book of runs is not whole: {some}{more}; nothing is removed", hint=hint)

    async def _compare(self, run: ManagedRun) -> list[tuple[str, str]]:
        copy = None
        with contextlib.suppress(Damaged):  # Written anew.
            copy = await read_copy(self._store, run.name)
        return list(find_gaps(run, copy))
