"""Entries of the TRAININGS bucket: every decision on a training is one compare-and-set on its entry."""

from collections.abc import AsyncIterator, Callable

import nats.js.errors

from seedbed.bus.v1.bus_pb2 import Item
from seedbed.kernel.answers import is_wrong_revision
from seedbed.kernel.bus import TRAININGS, Bus
from seedbed.kernel.digest import sha256_hex
from seedbed.kernel.errors import NotFound
from seedbed.kernel.jobs import queue_job
from seedbed.trainer.core import STEP, next_phase
from seedbed.trainer.v1.trainer_service_pb2 import Training

Change = Callable[[Training], None]


class Trainings:
    """Reads, writes and follows entries."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def get(self, name: str) -> Training:
        """A training. Raises NotFound."""
        return (await self._read(name))[0]

    async def create(self, training: Training) -> Training:
        """Write an entry where there is none; return the one that stands there in the end."""
        bucket = await self._bus.bucket(TRAININGS)
        data = training.SerializeToString()
        try:
            await self._bus.persist(lambda: bucket.create(training.name, data))
        except nats.js.errors.KeyWrongLastSequenceError:
            return await self.get(training.name)
        return training

    async def change(self, name: str, change: Change) -> Training:
        """Change an entry, whoever else changes it beside us. What `change` raises is raised."""
        bucket = await self._bus.bucket(TRAININGS)
        while True:
            training, revision = await self._read(name)
            change(training)
            data = training.SerializeToString()
            try:
                await self._bus.persist(lambda: bucket.update(name, data, last=revision))  # noqa: B023  used at once
            except nats.js.errors.APIError as error:
                if not is_wrong_revision(error):
                    raise
            else:
                return training

    async def all(self) -> list[Training]:
        """All there are, the latest first."""
        found: dict[str, Training] = {}
        async for entry in self._bus.watch(TRAININGS):
            if entry is None:
                break
            found[entry.key] = Training.FromString(entry.value or b"")
        return sorted(found.values(), key=lambda training: (-training.create_time, training.name))

    async def follow(self, name: str) -> AsyncIterator[Training]:
        """Where a training stands, now and after every change; never ends."""
        await self.get(name)
        async for entry in self._bus.watch(TRAININGS, name):
            if entry is not None:
                yield Training.FromString(entry.value or b"")

    async def announce(self, training: Training) -> None:
        """Queue the next phase of a training; one that is queued already stays so."""
        phase = next_phase(training)
        if phase is not None:
            digest = sha256_hex(f"{training.name}/{phase.name}")
            await queue_job(self._bus, Item(run=training.name, leaf=phase.name, step=STEP, digest=digest))

    async def _read(self, name: str) -> tuple[Training, int]:
        bucket = await self._bus.bucket(TRAININGS)
        try:
            entry = await self._bus.persist(lambda: bucket.get(name))
        except (nats.js.errors.KeyNotFoundError, nats.js.errors.InvalidKeyError) as error:
            hint = "`seedbed trainings list` names those there are"
            raise NotFound(f"there is no training {name!r}", hint=hint) from error
        return Training.FromString(entry.value or b""), entry.revision or 0
