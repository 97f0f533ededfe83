"""What may happen to a training's entry: each a function that changes it. Pure."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from seedbed.kernel.errors import Conflict
from seedbed.trainer.recipe import BASE
from seedbed.trainer.training import next_phase
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointManifest, CheckpointRef
from seedbed.trainer.v1.trainer_service_pb2 import (
    MetricsRow,
    Phase,
    PhaseState,
    SnapshotRef,
    Training,
    TrainingState,
)

Change = Callable[[Training], None]
_ENDED = (
    TrainingState.TRAINING_STATE_SUCCEEDED,
    TrainingState.TRAINING_STATE_FAILED,
    TrainingState.TRAINING_STATE_CANCELLED,
)


class Lost(Exception):
    """The lease is somebody else's, or the training has ended."""


def has_ended(training: Training) -> bool:
    """Whether nothing more comes of it by itself."""
    return training.state in _ENDED


def set_going(training: Training) -> None:
    """Begin, or begin again after a failure or a cancellation."""
    if training.state == TrainingState.TRAINING_STATE_SUCCEEDED:
        return
    training.state = TrainingState.TRAINING_STATE_RUNNING
    training.create_time = training.create_time or time.time()
    training.end_time = 0
    training.reason = training.waiting = ""
    for phase in training.phases:
        phase.crashes = 0


def cancel(training: Training) -> None:
    """Stop. Raises Conflict where it has ended already."""
    if has_ended(training):
        raise Conflict(f"the training {training.name} has ended already")
    _end(training, TrainingState.TRAINING_STATE_CANCELLED)


def claim(holder: str, name: str) -> Change:
    """Take up a phase: from here on all who came before have lost it. Raises Lost where it cannot be had."""

    def change(training: Training) -> None:
        phase = next_phase(training)
        if training.state != TrainingState.TRAINING_STATE_RUNNING or phase is None or phase.name != name:
            raise Lost
        training.fence += 1
        training.holder = holder
        training.beat += 1
        training.waiting = ""
        training.ClearField("metrics")
        phase.state = PhaseState.PHASE_STATE_RUNNING

    return change


@dataclass(frozen=True, slots=True)
class Progressed:
    """A sign of life, with the latest row of metrics."""

    row: MetricsRow | None = None
    waiting: str = ""

    def apply(self, training: Training) -> None:
        """Count the beat, and take over what it brings."""
        training.beat += 1
        training.waiting = self.waiting
        if self.row is not None:
            training.metrics.CopyFrom(self.row)


def keep_snapshot(name: str, ref: SnapshotRef) -> Change:
    """Where the phase goes on from now on."""

    def change(training: Training) -> None:
        phase = _phase(training, name)
        phase.snapshot.CopyFrom(ref)
        phase.crashes = 0
        training.beat += 1

    return change


def release(name: str) -> Change:
    """Leave a phase to whoever takes it next."""

    def change(training: Training) -> None:
        _phase(training, name).state = PhaseState.PHASE_STATE_WAITING
        training.holder = ""

    return change


def fail(message: str, hint: str = "") -> Change:
    """End it, saying why; asked for again, it goes on with the same phase."""

    def change(training: Training) -> None:
        if training.state != TrainingState.TRAINING_STATE_RUNNING:
            raise Lost
        for phase in training.phases:
            if phase.state == PhaseState.PHASE_STATE_RUNNING:
                phase.state = PhaseState.PHASE_STATE_WAITING
        training.reason = f"{message}; {hint}" if hint else message
        _end(training, TrainingState.TRAINING_STATE_FAILED)

    return change


def accept(
    name: str, digest: str, ref: CheckpointRef, manifest: CheckpointManifest, *, recalled: bool
) -> Change:
    """A phase is done, and with the last one the training. Raises Lost where nobody wants it any more."""

    def change(training: Training) -> None:
        if training.state == TrainingState.TRAINING_STATE_FAILED:
            raise Lost
        phase = _phase(training, name)
        phase.state = PhaseState.PHASE_STATE_DONE
        phase.checkpoint.CopyFrom(ref)
        phase.digest = digest
        phase.recalled = recalled
        phase.first_loss, phase.last_loss = manifest.first_loss, manifest.last_loss
        phase.steps, phase.tokens_seen = manifest.steps, manifest.tokens_seen
        phase.excluded.CopyFrom(manifest.excluded)
        phase.seconds = manifest.seconds
        phase.ClearField("snapshot")
        if name == BASE:
            training.base.checkpoint.CopyFrom(ref)
            training.base.digest = ref.digest
        training.holder = training.waiting = ""
        if next_phase(training) is None and training.state == TrainingState.TRAINING_STATE_RUNNING:
            _end(training, TrainingState.TRAINING_STATE_SUCCEEDED)

    return change


def _end(training: Training, state: TrainingState.ValueType) -> None:
    training.state = state
    training.end_time = time.time()
    training.waiting = ""


def _phase(training: Training, name: str) -> Phase:
    return next(phase for phase in training.phases if phase.name == name)
