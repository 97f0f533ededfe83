"""Sees to it that whatever goes on is queued. It trains nothing."""

import asyncio

from seedbed.kernel.bus.streams import WORK, Bus
from seedbed.kernel.settings import Settings
from seedbed.kernel.tasks import end_tasks
from seedbed.pipeline.items import TRAINING_PHASE
from seedbed.trainer.service.trainings import Trainings
from seedbed.trainer.v1.trainer_service_pb2 import TrainingState

AGAIN = 60.0


class Requeue:
    """Watches over the queue. Any number of them may, as what is queued already stays so."""

    def __init__(self, bus: Bus, trainings: Trainings, settings: Settings) -> None:
        self._bus = bus
        self._trainings = trainings
        self._settings = settings
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Make the queue, whose length scalers read, and look after it from then on."""
        await self._bus.add_consumer(TRAINING_PHASE, self._settings.ack_wait)
        if self._settings.resume:
            self._loop = asyncio.create_task(self._take_up_again())
        else:
            # What an earlier command left lies dormant until it is asked for again.
            await self._bus.purge(WORK, f"seedbed.v1.work.{TRAINING_PHASE}.>")

    async def stop(self) -> None:
        """Stop looking for phases that are not queued."""
        if self._loop:
            await end_tasks([self._loop])

    async def _take_up_again(self) -> None:
        """Queue what goes on and is not queued, as after a crash between two writes."""
        while True:
            for training in await self._trainings.all():
                if training.state == TrainingState.TRAINING_STATE_RUNNING:
                    await self._trainings.announce(training)
            await asyncio.sleep(AGAIN)
