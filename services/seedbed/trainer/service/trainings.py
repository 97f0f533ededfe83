"""Entries of the TRAININGS bucket: every decision on a training is one compare-and-set on its entry."""

import asyncio
from collections.abc import AsyncIterator, Callable

import nats.js.errors

from seedbed.bus.v1.bus_pb2 import Item
from seedbed.kernel.bus.nats_errors import is_wrong_revision
from seedbed.kernel.bus.streams import TRAININGS, Bus
from seedbed.kernel.errors import Damaged, NotFound
from seedbed.kernel.formats.protos import parse
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.work.job_worker import queue_job
from seedbed.pipeline.items import TRAINING_PHASE
from seedbed.trainer.training import next_phase
from seedbed.trainer.v1.trainer_service_pb2 import Training, TrainingState

_LOOK = 0.25
_MADE_ANEW = "the same call of Train makes it anew"

Change = Callable[[Training], None]


class Trainings:
    """Reads, writes and follows entries."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def get(self, name: str) -> Training:
        """A training; one whose record cannot be read as failed, saying so. Raises NotFound."""
        return (await self._read(name))[0]

    async def create(self, training: Training) -> Training:
        """Write an entry where there is none that can be read; return what stands there in the end."""
        bucket = await self._bus.bucket(TRAININGS)
        data = training.SerializeToString()
        try:
            await self._bus.persist(lambda: bucket.create(training.name, data))
        except nats.js.errors.KeyWrongLastSequenceError:
            known, revision = await self._read(training.name)
            if not is_broken(known):
                return known
            await self._bus.write(TRAININGS, training.name, data, revision)
            return await self.get(training.name)
        return training

    async def change(self, name: str, change: Change) -> Training:
        """Change an entry, whoever else changes it beside us. What `change` raises is raised."""
        bucket = await self._bus.bucket(TRAININGS)
        while True:
            training, revision = await self._read(name)
            if is_broken(training):
                raise Damaged(f"the training {name}", training.reason, hint=_MADE_ANEW)
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
        found = [_open(entry.key, entry.value) for entry in await self._bus.entries(TRAININGS)]
        return sorted(found, key=latest_first)

    async def follow(self, name: str) -> AsyncIterator[Training]:
        """Where a training stands, now and after changes; never ends. Raises NotFound.

        It is looked at again and again: were each watcher a consumer, a thousand of them would shut out all
        who come after.
        """
        seen = 0
        while True:
            training, revision = await self._read(name)
            if revision != seen:
                seen = revision
                yield training
            await asyncio.sleep(_LOOK)

    async def announce(self, training: Training) -> None:
        """Queue the next phase of a training; one that is queued already stays so."""
        phase = next_phase(training)
        if phase is not None:
            digest = sha256_hex(f"{training.name}/{phase.name}")
            item = Item(run=training.name, leaf=phase.name, step=TRAINING_PHASE, digest=digest)
            await queue_job(self._bus, item)

    async def _read(self, name: str) -> tuple[Training, int]:
        bucket = await self._bus.bucket(TRAININGS)
        try:
            entry = await self._bus.persist(lambda: bucket.get(name))
        except (nats.js.errors.KeyNotFoundError, nats.js.errors.InvalidKeyError) as error:
            hint = "`seedbed trainings list` names those there are"
            raise NotFound(f"there is no training {name!r}", hint=hint) from error
        return _open(name, entry.value), entry.revision or 0


def latest_first(training: Training) -> tuple[float, str]:
    """Where a training stands among all."""
    return -training.create_time, training.name


def is_broken(training: Training) -> bool:
    """Whether its record could not be read: of a real one the phases are known."""
    return not training.phases


def _open(name: str, data: bytes | None) -> Training:
    try:
        return parse(Training, data, "its record")
    except Damaged as error:
        state = TrainingState.TRAINING_STATE_FAILED
        return Training(name=name, state=state, reason=f"{error.message}; {_MADE_ANEW}")
