"""How a training goes: followed to its end, and shown phase by phase."""

import asyncio
import time

import grpc
import grpc.aio
from rich.console import Console, ConsoleOptions, RenderResult

from seedbed.cli.reach.trainers import Trainer
from seedbed.cli.render.duration import format_seconds
from seedbed.cli.render.failure import read_rpc_error
from seedbed.cli.render.progress import LinePace
from seedbed.cli.render.screen import Screen
from seedbed.cli.render.table import make_table
from seedbed.trainer.v1.trainer_service_pb2 import (
    MetricsRow,
    PhaseState,
    Training,
    TrainingState,
    WatchTrainingRequest,
)

_AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
_PATIENCE = 120.0
_PAUSE = 0.5
_ENDED = (
    TrainingState.TRAINING_STATE_SUCCEEDED,
    TrainingState.TRAINING_STATE_FAILED,
    TrainingState.TRAINING_STATE_CANCELLED,
)


def state_name(training: Training) -> str:
    """`running`, `succeeded`, `failed` or `cancelled`."""
    return TrainingState.Name(training.state).removeprefix("TRAINING_STATE_").lower()


def has_ended(training: Training) -> bool:
    """Whether nothing more comes of it by itself."""
    return training.state in _ENDED


async def follow_training(trainer: Trainer, name: str, screen: Screen) -> Training:
    """Report how a training goes until it ends, over restarts of the trainer. Raises RemoteError."""
    reporter, away = TrainingReporter(screen), 0.0
    while True:
        try:
            async for answer in trainer.stub.WatchTraining(WatchTrainingRequest(training=name)):
                away = 0.0
                reporter.report(answer.training)
                if has_ended(answer.training):
                    return answer.training
        except grpc.aio.AioRpcError as error:
            if error.code() not in _AWAY or away >= _PATIENCE:
                raise read_rpc_error(error, trainer.where) from error
            if not away:
                screen.warn("the trainer is away; waiting for it")
        away += _PAUSE
        await asyncio.sleep(_PAUSE)


class TrainingReporter:
    """Reports what is new: a phase that is done, why it waits, and now and then where it stands."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._done: set[str] = set()
        self._waiting = ""
        self._pace = LinePace()

    def report(self, training: Training) -> None:
        """Print what is new in a training since the last time."""
        for phase in training.phases:
            if phase.state == PhaseState.PHASE_STATE_DONE and phase.name not in self._done:
                self._done.add(phase.name)
                how = "found as it was trained before" if phase.recalled else f"{phase.seconds:.1f} s"
                self._screen.say(
                    f"phase {phase.name}: done in {phase.steps} steps, "
                    f"loss {phase.first_loss:.3f} → {phase.last_loss:.3f}, {how}"
                )
        if training.waiting != self._waiting:
            self._waiting = training.waiting
            self._screen.warn(f"waiting: {self._waiting}" if self._waiting else "going on")
        if training.HasField("metrics"):
            line = describe_row(training.metrics)
            if self._pace.allows(line, time.monotonic()):
                self._screen.say(line)


def describe_row(row: MetricsRow) -> str:
    """A step in a line."""
    words = [
        f"phase {row.phase}: step {row.step} of {row.steps}",
        f"loss {row.loss:.3f}",
        f"{row.tokens_per_second:,.0f} tokens/s",
    ]
    if row.share_of_peak:
        words.append(f"{row.share_of_peak:.0%} of peak")
    if row.time_left >= 0:
        words.append(f"{format_seconds(row.time_left)} left")
    return " · ".join(words)


class PhaseTable:
    """A training as a table, one row for each phase."""

    def __init__(self, training: Training) -> None:
        self._training = training

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        del console, options
        numbers = ("steps", "tokens", "loss", "left out", "seconds")
        table = make_table("phase", "state", *numbers, right=numbers, unbroken=("phase",))
        for phase in self._training.phases:
            done = phase.state == PhaseState.PHASE_STATE_DONE
            state = PhaseState.Name(phase.state).removeprefix("PHASE_STATE_").lower()
            excluded = phase.excluded
            out = excluded.too_long + excluded.malformed + excluded.not_rendered + excluded.nothing_counted
            loss = f"{phase.first_loss:.3f} → {phase.last_loss:.3f}" if done else ""
            row = (str(phase.steps), f"{phase.tokens_seen:,}", loss, str(out), f"{phase.seconds:.1f}")
            table.add_row(phase.name, "recalled" if phase.recalled else state, *(row if done else [""] * 5))
        yield table
