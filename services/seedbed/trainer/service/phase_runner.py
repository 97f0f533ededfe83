"""One trainer's work on one phase: under a lease, in a process of its own, to a checkpoint or a snapshot.

Whoever has a lower fencing number than the entry has lost the lease: it ends its process and writes nothing.
"""

import asyncio
import json
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal, TypeVar

from google.protobuf import json_format

from seedbed.bus.v1.bus_pb2 import Event
from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.errors import SeedbedError, StoreError
from seedbed.kernel.logs import get_logger
from seedbed.kernel.settings import Settings
from seedbed.kernel.store.checkpoints import read_checkpoint_manifest
from seedbed.kernel.telemetry.students import record_step
from seedbed.trainer.loop.job import Job
from seedbed.trainer.service.artifacts import PhaseArtifacts, PhaseInputs
from seedbed.trainer.service.process import TrainingProcess, count_processes
from seedbed.trainer.service.trainings import Trainings
from seedbed.trainer.service.transitions import Lost, Progressed, accept, fail, keep_snapshot, release
from seedbed.trainer.service.workdir import WorkDir
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointRef
from seedbed.trainer.v1.trainer_service_pb2 import MetricsRow, Training, TrainingState

LOOK = 0.5
STORE_PAUSE = 1.0
MOST_CRASHES = 3
End = Literal["done", "stopped", "failed", "crashed", "lost"]
T = TypeVar("T")
log = get_logger(__name__)


class PhaseRunner:
    """A phase that this process has taken up."""

    def __init__(
        self,
        training: Training,
        phase: str,
        trainings: Trainings,
        artifacts: PhaseArtifacts,
        bus: Bus,
        settings: Settings,
    ) -> None:
        self._training = training
        self._phase = phase
        self._trainings = trainings
        self._artifacts = artifacts
        self._bus = bus
        self._settings = settings
        self._place = WorkDir(settings.cache_folder, f"{training.name}-{training.fence}")
        self._stopping = asyncio.Event()
        self._rows_reported = 0
        self._row: MetricsRow | None = None
        self._digest = ""

    def stop(self) -> None:
        """Save where it is, and end."""
        self._stopping.set()

    async def run(self) -> End:
        """Bring the phase to its end, as far as that goes."""
        try:
            return await self._run()
        except Lost:
            log.warning("another trainer has taken the phase, or nobody wants it any more")
            return "lost"
        except StoreError:
            raise
        except SeedbedError as error:
            await self._change(fail(error.message, error.hint))
            return "failed"
        finally:
            self._place.end()

    async def beat(self) -> None:
        """Show the others that this one lives, and what it waits for still. Raises Lost."""
        await self._change(Progressed(waiting=self._training.waiting).apply)

    async def _run(self) -> End:
        await self._publish("phase_started")
        inputs = await self._insist(lambda: self._artifacts.fetch(self._training, self._phase))
        self._digest = inputs.digest
        found = await self._insist(lambda: self._artifacts.find(inputs.digest))
        if found is not None:
            await self._finish(found, recalled=True)
            return "done"
        job = await self._make_job(inputs)
        return await self._train(job, await self._insist(lambda: self._start(job)))

    async def _make_job(self, inputs: PhaseInputs) -> Job:
        job = await self._insist(
            lambda: self._artifacts.make_job(self._training, self._phase, inputs, self._place.folder)
        )
        settings = self._settings
        return job.model_copy(
            update={
                "threads": settings.trainer_threads,
                "snapshot_seconds": settings.snapshot_seconds,
                "owner": os.getpid(),
            }
        )

    async def _start(self, job: Job) -> TrainingProcess:
        self._place.begin()
        try:
            processes = count_processes(self._settings.trainer_processes)
            return await TrainingProcess.start(job, processes, self._settings.cache_folder / "kernels")
        except OSError as error:
            raise StoreError(f"cannot start in {job.work}: {error.strerror or error}") from error

    async def _train(self, job: Job, process: TrainingProcess) -> End:
        log.info("training", phase=self._phase, pid=process.pid, snapshot=bool(job.snapshot))
        try:
            await self._accompany(process)
        finally:
            if process.alive:
                await process.kill()
        await self._send_snapshots()
        outcome = process.outcome()
        if outcome is None:
            return await self._crash(process.last_words())
        if outcome.end == "failed":
            await self._change(fail(outcome.error, outcome.hint))
            return "failed"
        if outcome.end == "stopped":
            await self._change(release(self._phase))
            return "stopped"
        await self._finish(await self._keep(), recalled=False)
        return "done"

    async def _accompany(self, process: TrainingProcess) -> None:
        """Pass on the process's metrics until it has ended. Raises Lost."""
        asked = False
        while not await process.wait(LOOK):
            await self._pass_on()
            await self._send_snapshots()
            if self._stopping.is_set() and not asked:
                asked = True
                process.ask_to_stop()

    async def _pass_on(self) -> None:
        """Publish the latest row of metrics, and see whether the phase is still wanted. Raises Lost."""
        lines = self._place.read_metrics()
        if len(lines) > self._rows_reported:
            self._rows_reported = len(lines)
            row = json_format.ParseDict(json.loads(lines[-1]), MetricsRow())
            record_progress(self._row, row)
            self._row = row
            await self._change(Progressed(row).apply)
            await self._publish("metrics", lines[-1])
        else:
            latest = await self._trainings.get(self._training.name)
            if latest.fence != self._training.fence:
                raise Lost
            self._training = latest
        if self._training.state == TrainingState.TRAINING_STATE_CANCELLED:
            self.stop()

    async def _send_snapshots(self) -> None:
        folders = self._place.snapshots()
        if folders:
            await self._send_snapshot(folders[-1])
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)

    async def _send_snapshot(self, folder: Path) -> None:
        name = self._training.name
        ref = await self._insist(lambda: self._artifacts.keep_snapshot(self._training, self._phase, folder))
        await self._change(keep_snapshot(self._phase, ref))
        await self._insist(lambda: self._artifacts.drop_snapshots(name, self._phase, ref.prefix))

    async def _keep(self) -> CheckpointRef:
        await self.beat()
        return await self._insist(
            lambda: self._artifacts.keep(self._training, self._phase, self._digest, self._place.checkpoint)
        )

    async def _finish(self, ref: CheckpointRef, *, recalled: bool) -> None:
        folder = await self._insist(lambda: self._artifacts.checkpoint(ref))
        manifest = read_checkpoint_manifest(folder)
        await self._change(accept(self._phase, self._digest, ref, manifest, recalled=recalled))
        await self._publish("phase_done", json.dumps({"phase": self._phase, "recalled": recalled}))
        await self._insist(lambda: self._artifacts.drop_snapshots(self._training.name, self._phase))

    async def _crash(self, words: str) -> End:
        log.error("the training process ended without a word", phase=self._phase, words=words)
        crashed: list[int] = []

        def count(training: Training) -> None:
            phase = next(phase for phase in training.phases if phase.name == self._phase)
            phase.crashes += 1
            crashed.append(phase.crashes)

        await self._change(count)
        if crashed[-1] >= MOST_CRASHES:
            await self._change(
                fail(f"phase {self._phase}: the training process ended {MOST_CRASHES} times: {words}")
            )
            return "failed"
        await self._change(release(self._phase))
        return "crashed"

    async def _change(self, change: Callable[[Training], None]) -> None:
        """Change the entry, as long as the lease is ours. Raises Lost."""

        def guarded(training: Training) -> None:
            if training.fence != self._training.fence:
                raise Lost
            change(training)

        self._training = await self._trainings.change(self._training.name, guarded)

    async def _insist(self, call: Callable[[], Awaitable[T]]) -> T:
        """Do something with store or disk, however long it is away or full. Raises Lost."""
        while True:
            try:
                result = await call()
            except StoreError as error:
                log.warning("waits, and tries again", error=error.message)
                why = f"{error.message}; {error.hint}" if error.hint else error.message
                await self._change(Progressed(waiting=why).apply)
                await asyncio.sleep(STORE_PAUSE)
            else:
                if self._training.waiting:
                    await self._change(Progressed().apply)
                return result

    async def _publish(self, what: str, detail: str = "") -> None:
        event = Event(run=self._training.name, service="trainer", what=what, detail=detail or self._phase)
        await self._bus.publish_event(event)


def record_progress(before: MetricsRow | None, row: MetricsRow) -> None:
    """Tell what a row says, and count what has come since the one before.

    The first of an attempt counts as one step: what was done before a restart was counted then.
    """
    steps = row.step - before.step if before else 1
    tokens = row.tokens_seen - before.tokens_seen if before else 0
    record_step(row.phase, row.loss, tokens, steps)
