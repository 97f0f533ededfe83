"""A trainer with a real bus and store around it, its API and job worker, real training processes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.settings import Settings
from seedbed.kernel.store.artifacts import dataset_prefix, put_folder
from seedbed.kernel.store.interface import Store
from seedbed.kernel.work.job_worker import JobWorker
from seedbed.pipeline.items import TRAINING_PHASE
from seedbed.trainer.service.api import TrainerApi
from seedbed.trainer.service.phase_worker import PhaseWorker
from seedbed.trainer.service.requeue import Requeue
from seedbed.trainer.service.trainings import Trainings
from seedbed.trainer.service.transitions import has_ended
from seedbed.trainer.v1 import trainer_service_pb2 as pb

PATIENCE = 400.0
SPEED: dict[str, Any] = {"ack_wait": 2, "heartbeat": 0.5, "snapshot_seconds": 0.2, "trainer_threads": 1}


class Trainer:
    """A trainer in this process."""

    def __init__(self, bus: Bus, store: Store, cache: Path, **more: Any) -> None:
        settings = Settings(cache_folder=cache, **{**SPEED, **more})
        self.store = store
        self.cache = cache
        self.trainings = Trainings(bus)
        self.requeue = Requeue(bus, self.trainings, settings)
        self.job_worker = JobWorker(
            bus, TRAINING_PHASE, PhaseWorker(bus, store, self.trainings, settings), settings
        )
        self.api: Any = TrainerApi(self.trainings, bus, store, trust_callers=settings.trust_callers)

    async def send(self, dataset: Path) -> str:
        """Bring a dataset into the store."""
        digest = await put_folder(self.store, "sent", dataset)
        return await put_folder(self.store, dataset_prefix(digest), dataset)

    async def train(self, dataset: str, model: Path | str, text: str) -> pb.Training:
        """Ask for a training."""
        operation = await self.api.Train(
            pb.TrainRequest(dataset=dataset, model=str(model), recipe=text), None
        )
        metadata = pb.TrainingMetadata()
        assert operation.metadata.Unpack(metadata)
        return await self.trainings.get(metadata.training)

    async def until(self, name: str, reached: Any = has_ended) -> pb.Training:
        """Wait until a training is so far."""
        async with asyncio.timeout(PATIENCE):
            async for training in self.trainings.follow(name):
                if reached(training):
                    return training
        raise AssertionError(name)


@asynccontextmanager
async def serving(bus: Bus, store: Store, cache: Path, **more: Any) -> AsyncIterator[Trainer]:
    """A trainer at work."""
    trainer = Trainer(bus, store, cache, **more)
    await trainer.requeue.start()
    await trainer.job_worker.start()
    try:
        yield trainer
    finally:
        await trainer.job_worker.stop(grace=20)
        await trainer.requeue.stop()
