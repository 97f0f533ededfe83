"""Plans and the states of leaves, as every worker needs them: followed, not asked for."""

import asyncio

import nats.js.errors
from google.protobuf.message import DecodeError

from seedbed.bus.v1.bus_pb2 import LeafEntry, LeafState, RunEntry, RunState
from seedbed.kernel.bus.streams import RUNS, Bus
from seedbed.kernel.errors import SeedbedError
from seedbed.kernel.logs import get_logger
from seedbed.pipeline.plan import KnownPlan

log = get_logger(__name__)

_CLOSED = (LeafState.LEAF_STATE_SEALED, LeafState.LEAF_STATE_CANCELLED, LeafState.LEAF_STATE_DAMAGED)


class Plans:
    """The plans and leaf entries of all runs, kept up to date by following the RUNS bucket."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._plans: dict[str, KnownPlan] = {}
        self._ended: set[str] = set()
        self._closed: set[str] = set()
        self._caught_up = asyncio.Event()
        self._caught_up.set()

    async def follow(self) -> None:
        """Keep up with the bucket; never ends."""
        self._caught_up.clear()
        async for entry in self._bus.watch(RUNS):
            if entry is None:
                self._caught_up.set()
                continue
            try:
                if "." in entry.key:
                    self._take_leaf(entry.key, entry.value)
                else:
                    self._take_run(entry.key, entry.value)
            except (SeedbedError, DecodeError) as error:
                # Damaged, or made by another version; its items are left for workers that can read it.
                log.warning("an entry cannot be read", entry=entry.key, error=str(error))

    async def get(self, run: str) -> KnownPlan | None:
        """The plan of a run that goes on; None where the run has ended or nobody knows it.

        Raises InputError where it cannot be read.
        """
        # Who has just started does not know yet which leaves are closed, and would pay for their items again.
        await self._caught_up.wait()
        if run not in self._plans and run not in self._ended:
            # An item can be quicker than the news of its run.
            bucket = await self._bus.bucket(RUNS)
            try:
                entry = await self._bus.persist(lambda: bucket.get(run))
            except nats.js.errors.KeyNotFoundError:
                return None
            self._take_run(run, entry.value)
        return self._plans.get(run)

    def is_closed(self, run: str, leaf: str) -> bool:
        """Whether a leaf is sealed or cancelled."""
        return run in self._ended or f"{run}.{leaf}" in self._closed

    def _take_run(self, key: str, value: bytes | None) -> None:
        entry = RunEntry.FromString(value or b"")
        if entry.state == RunState.RUN_STATE_RUNNING:
            self._ended.discard(key)
            if key not in self._plans:
                self._plans[key] = KnownPlan.open(entry.plan)
            return
        self._ended.add(key)
        self._plans.pop(key, None)
        self._closed = {leaf for leaf in self._closed if not leaf.startswith(f"{key}.")}

    def _take_leaf(self, key: str, value: bytes | None) -> None:
        state = LeafEntry.FromString(value or b"").state
        if state in _CLOSED and key.partition(".")[0] not in self._ended:
            self._closed.add(key)
        else:
            self._closed.discard(key)
