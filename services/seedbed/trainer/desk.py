"""The desk: takes phases off the bus, one at a time, and sees each through."""

import asyncio
import contextlib
import os
import socket

from nats.aio.msg import Msg

from seedbed.bus.v1.bus_pb2 import Item
from seedbed.kernel.bus import WORK, Bus
from seedbed.kernel.errors import NotFound, StoreError
from seedbed.kernel.intake import Intake
from seedbed.kernel.logs import bind, get_logger
from seedbed.kernel.settings import Settings
from seedbed.kernel.store import Store
from seedbed.kernel.tasks import end_tasks
from seedbed.kernel.telemetry.items import Work
from seedbed.trainer.attempt import Attempt
from seedbed.trainer.changes import Lost, claim, has_ended
from seedbed.trainer.core import STEP, next_phase
from seedbed.trainer.materials import Depot
from seedbed.trainer.trainings import Trainings
from seedbed.trainer.v1.trainer_service_pb2 import PhaseState, Training, TrainingState

LOOK = 0.5
AGAIN = 60.0
HANDED_BACK = 1.0
log = get_logger(__name__)


class Desk:
    """Works for this process."""

    def __init__(self, bus: Bus, store: Store, trainings: Trainings, settings: Settings) -> None:
        self._bus = bus
        self._trainings = trainings
        self._settings = settings
        self._depot = Depot(store, settings.cache_folder)
        self._holder = f"{socket.gethostname()}/{os.getpid()}"
        self._wake = asyncio.Event()
        self._intake = Intake(bus, STEP, self._deliver, self._wake.set)
        self._work: asyncio.Task[None] | None = None
        self._attempt: Attempt | None = None
        self._loops: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to take phases."""
        await self._bus.add_consumer(STEP, self._settings.ack_wait)
        if not self._settings.resume:
            # What an earlier command left lies dormant until it is asked for again.
            await self._bus.purge(WORK, f"seedbed.v1.work.{STEP}.>")
        await self._intake.start()
        self._loops = [asyncio.create_task(self._ask()), asyncio.create_task(self._take_up_again())]

    async def stop(self) -> None:
        """Take nothing more, save where the phase at hand is, and hand it back."""
        await end_tasks(self._loops)
        with contextlib.suppress(Exception):
            await self._intake.stop()
        if self._attempt is not None:
            self._attempt.stop()
        if work := self._work:
            await asyncio.wait({work}, timeout=self._settings.grace)
            await end_tasks([work])

    async def _ask(self) -> None:
        while True:
            if self._work is None and not self._intake.outstanding:
                await self._intake.ask(1)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._wake.wait()
            self._wake.clear()

    async def _take_up_again(self) -> None:
        """Queue what goes on and is not queued, as after a crash between two writes."""
        while self._settings.resume:
            for training in await self._trainings.all():
                if training.state == TrainingState.TRAINING_STATE_RUNNING:
                    await self._trainings.announce(training)
            await asyncio.sleep(AGAIN)

    def _deliver(self, message: Msg) -> None:
        self._work = asyncio.create_task(self._hold(message, self._work))

    async def _hold(self, message: Msg, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            # Handed out twice by a broker that was away.
            await asyncio.wait({before})
        beating = asyncio.create_task(self._beat(message))
        item = Item.FromString(message.data)
        try:
            with bind(training=item.run, phase=item.leaf), Work(item, message) as work:
                await self._handle(item, message, work)
        except StoreError as error:
            log.warning("handed back", error=error.message)
            await message.nak(delay=HANDED_BACK)
        except Exception:
            log.exception("phase dropped, it will come again")
        finally:
            await end_tasks([beating])
            self._attempt = None
            if self._work is asyncio.current_task():
                self._work = None
            self._wake.set()

    async def _handle(self, item: Item, message: Msg, work: Work) -> None:
        training = await self._claim(item, message)
        if training is None:
            return
        self._attempt = Attempt(training, item.leaf, self._trainings, self._depot, self._bus, self._settings)
        end = await self._attempt.run()
        log.info("phase ended", end=end)
        if end != "done":
            work.fail(f"PHASE_{end.upper()}")
        after = await self._trainings.get(item.run)
        goes_on = after.state == TrainingState.TRAINING_STATE_RUNNING
        # A failed one that goes on has been asked for again already.
        if end in ("stopped", "crashed") or (end == "failed" and goes_on):
            await message.nak(delay=HANDED_BACK)
            return
        if end == "lost" and goes_on:
            return  # The item is its new holder's, and comes again where that one dies.
        # What follows is queued before this one is acknowledged: a crash between the two is harmless.
        if end == "done" and goes_on:
            await self._trainings.announce(after)
        await message.ack()

    async def _claim(self, item: Item, message: Msg) -> Training | None:
        """Take up the phase, where it is to be had and nobody works on it."""
        try:
            training = await self._trainings.get(item.run)
        except NotFound:
            await message.ack()
            return None
        phase = next_phase(training)
        if has_ended(training) or phase is None or phase.name != item.leaf:
            if not has_ended(training):
                await self._trainings.announce(training)
            await message.ack()
            return None
        if phase.state == PhaseState.PHASE_STATE_RUNNING and await self._lives(training):
            await message.nak(delay=self._settings.ack_wait)
            return None
        try:
            return await self._trainings.change(item.run, claim(self._holder, item.leaf))
        except Lost:
            await message.nak(delay=HANDED_BACK)
            return None

    async def _lives(self, training: Training) -> bool:
        """Whether its holder gives signs of life, by our own clock."""
        await asyncio.sleep(self._settings.ack_wait)
        return (await self._trainings.get(training.name)).beat != training.beat

    async def _beat(self, message: Msg) -> None:
        while True:
            await asyncio.sleep(self._settings.heartbeat)
            with contextlib.suppress(Exception):
                await message.in_progress()
            if self._attempt is not None:
                with contextlib.suppress(Lost, NotFound):
                    await self._attempt.beat()
