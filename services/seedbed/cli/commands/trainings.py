"""`seedbed trainings`: what was trained, and is."""

from typing import Any

from rich.markup import escape

from seedbed.cli.reach.ids import list_trainings
from seedbed.cli.reach.trainers import Trainer
from seedbed.cli.render.failure import DONE, FAILED
from seedbed.cli.render.screen import Screen
from seedbed.cli.render.table import make_table
from seedbed.cli.render.training_progress import PhaseTable, follow_training, has_ended, state_name
from seedbed.kernel.errors import InputError
from seedbed.kernel.store.checkpoints import prefix_of
from seedbed.trainer.v1.trainer_service_pb2 import (
    CancelTrainingRequest,
    GetTrainingRequest,
    Phase,
    PhaseState,
    Training,
    TrainingState,
)

CALL_TIMEOUT = 30.0


def as_object(training: Training) -> dict[str, Any]:
    """A training as one object, for `--json`."""
    return {
        "training": training.name,
        "state": state_name(training),
        "dataset": training.dataset,
        "model": training.base.name,
        "recipe_digest": training.recipe_digest,
        "reason": training.reason,
        "phases": [_phase_object(phase) for phase in training.phases],
    }


def _phase_object(phase: Phase) -> dict[str, Any]:
    return {
        "name": phase.name,
        "state": PhaseState.Name(phase.state).removeprefix("PHASE_STATE_").lower(),
        "checkpoint": prefix_of(phase.checkpoint) if phase.HasField("checkpoint") else "",
        "checkpoint_digest": phase.checkpoint.digest,
        "recalled": phase.recalled,
        "steps": phase.steps,
        "tokens": phase.tokens_seen,
        "first_loss": phase.first_loss,
        "last_loss": phase.last_loss,
        "seconds": phase.seconds,
        "too_long": phase.excluded.too_long,
        "malformed": phase.excluded.malformed,
        "not_rendered": phase.excluded.not_rendered,
        "nothing_counted": phase.excluded.nothing_counted,
    }


def exit_code(training: Training) -> int:
    """The exit status for a training: 0 only where it succeeded."""
    return DONE if training.state == TrainingState.TRAINING_STATE_SUCCEEDED else FAILED


async def show_list(trainer: Trainer, screen: Screen) -> int:
    """All trainings, one row each."""
    found = await list_trainings(trainer)
    if screen.machine:
        for training in found:
            screen.emit(as_object(training))
        return DONE
    table = make_table(
        "training", "state", "model", "phases", "dataset", right=("phases",), unbroken=("training",)
    )
    for training in found:
        done = sum(phase.state == PhaseState.PHASE_STATE_DONE for phase in training.phases)
        phases = f"{done}/{len(training.phases)}"
        model = escape(training.base.name)
        table.add_row(training.name, state_name(training), model, phases, training.dataset[:12])
    screen.show(table)
    return DONE


async def show_training(trainer: Trainer, name: str, screen: Screen) -> int:
    """One training, phase by phase."""
    training = await trainer.stub.GetTraining(GetTrainingRequest(training=name), timeout=CALL_TIMEOUT)
    report_training(training, screen)
    if not has_ended(training) and not trainer.live:
        screen.warn("nobody works on it: the same `seedbed train` goes on with it")
    return DONE


async def watch(trainer: Trainer, name: str, screen: Screen) -> int:
    """Follow one training to its end; the exit status is the training's."""
    training = await trainer.stub.GetTraining(GetTrainingRequest(training=name), timeout=CALL_TIMEOUT)
    if not has_ended(training):
        if not trainer.live:
            raise InputError(
                f"training {name} has not ended, and no stack works on it",
                hint="the same `seedbed train` goes on with it; then watch it",
            )
        training = await follow_training(trainer, name, screen)
    report_training(training, screen)
    return exit_code(training)


async def cancel(trainer: Trainer, name: str, screen: Screen) -> int:
    """Stop a training; what it has is kept."""
    request = CancelTrainingRequest(training=name)
    training = await trainer.stub.CancelTraining(request, timeout=CALL_TIMEOUT)
    if screen.machine:
        screen.emit(as_object(training))
    screen.say(f"training {name}: {state_name(training)}; the same `seedbed train` goes on with it")
    return DONE


def report_training(training: Training, screen: Screen) -> None:
    """Show how a training stands, and write its object for machines."""
    screen.show(PhaseTable(training))
    screen.say(f"training {training.name}: {state_name(training)}")
    if training.reason:
        screen.fail(training.reason)
    for phase in training.phases:
        for example in phase.excluded.examples:
            screen.warn(f"{phase.name}: left out: {example}")
    if screen.machine:
        screen.emit(as_object(training))
