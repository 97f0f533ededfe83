"""Phases off the bus: each is taken up under a lease, and seen through as far as this process lives."""

import asyncio
import contextlib
import os
import socket

from seedbed.bus.v1.bus_pb2 import Item
from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.errors import NotFound
from seedbed.kernel.logs import bind, get_logger
from seedbed.kernel.settings import Settings
from seedbed.kernel.store.interface import Store
from seedbed.kernel.telemetry.items import Work
from seedbed.kernel.work.job_worker import Again, JobHandler
from seedbed.kernel.work.lease import Ceded
from seedbed.trainer.service.artifacts import PhaseArtifacts
from seedbed.trainer.service.phase_runner import End, PhaseRunner
from seedbed.trainer.service.trainings import Trainings
from seedbed.trainer.service.transitions import Lost, claim, fail, has_ended
from seedbed.trainer.training import next_phase
from seedbed.trainer.v1.trainer_service_pb2 import PhaseState, Training, TrainingState

HANDED_BACK = 1.0
log = get_logger(__name__)


class PhaseWorker(JobHandler):
    """Works on one phase at a time."""

    def __init__(self, bus: Bus, store: Store, trainings: Trainings, settings: Settings) -> None:
        self._bus = bus
        self._trainings = trainings
        self._settings = settings
        self._artifacts = PhaseArtifacts(store, settings.cache_folder)
        self._holder = f"{socket.gethostname()}/{os.getpid()}"
        self._runner: PhaseRunner | None = None

    async def work(self, item: Item, work: Work) -> None:
        """Bring a phase to its end, or to a snapshot."""
        with bind(training=item.run, phase=item.leaf):
            training = await self._claim(item)
            if training is not None:
                await self._try(training, item, work)

    async def give_up(self, item: Item, reason: str) -> None:
        """End the training, saying why."""
        with contextlib.suppress(Lost, NotFound):
            await self._trainings.change(item.run, fail(f"phase {item.leaf}: {reason}"))

    async def beat(self) -> None:
        """Show the other trainers that this one lives."""
        if self._runner is not None:
            with contextlib.suppress(Lost, NotFound):
                await self._runner.beat()

    def save_progress(self) -> bool:
        """Have the phase saved where it is."""
        if self._runner is not None:
            self._runner.stop()
        return self._runner is not None

    async def _try(self, training: Training, item: Item, work: Work) -> None:
        runner = PhaseRunner(training, item.leaf, self._trainings, self._artifacts, self._bus, self._settings)
        self._runner = runner
        try:
            await self._conclude(await runner.run(), item, work)
        finally:
            # Not before: asked to stop meanwhile, it is not cut off between its end and the record of it.
            self._runner = None

    async def _conclude(self, end: End, item: Item, work: Work) -> None:
        """Record how a run of the phase ended. Raises Again, Ceded."""
        log.info("phase ended", end=end)
        if end != "done":
            work.fail(f"PHASE_{end.upper()}")
        after = await self._trainings.get(item.run)
        goes_on = after.state == TrainingState.TRAINING_STATE_RUNNING
        # A failed one that goes on has been asked for again already.
        if end in ("stopped", "crashed") or (end == "failed" and goes_on):
            raise Again(HANDED_BACK)
        if end == "lost" and goes_on:
            raise Ceded
        # What follows is queued before this one is acknowledged: a crash between the two is harmless.
        if end == "done" and goes_on:
            await self._trainings.announce(after)

    async def _claim(self, item: Item) -> Training | None:
        """Take up the phase, where it is to be had and nobody works on it. Raises Again."""
        try:
            training = await self._trainings.get(item.run)
        except NotFound:
            return None
        phase = next_phase(training)
        if has_ended(training) or phase is None or phase.name != item.leaf:
            if not has_ended(training):
                await self._trainings.announce(training)
            return None
        if phase.state == PhaseState.PHASE_STATE_RUNNING and await self._lives(training):
            raise Again(self._settings.ack_wait)
        try:
            return await self._trainings.change(item.run, claim(self._holder, item.leaf))
        except Lost:
            raise Again(HANDED_BACK) from None

    async def _lives(self, training: Training) -> bool:
        """Whether its holder gives signs of life, by our own clock."""
        await asyncio.sleep(self._settings.ack_wait)
        return (await self._trainings.get(training.name)).beat != training.beat
