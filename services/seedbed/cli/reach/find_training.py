"""What is to be evaluated: a training by its name, or the latest of a run's dataset."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from seedbed.cli.commands.export import export_dataset
from seedbed.cli.reach.connect import Runs, local_access, open_runs, reach_stack
from seedbed.cli.reach.ids import LATEST, choose, find_run, list_trainings
from seedbed.cli.reach.trainers import WITH_TRAINER, Trainer, open_trainer
from seedbed.cli.stack.processes.supervisor import Notify
from seedbed.cli.stack.programs import address
from seedbed.cli.stack.state import StateFolder
from seedbed.kernel.errors import NotFound
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.store.artifacts import MANIFEST
from seedbed.trainer.v1.trainer_service_pb2 import Training


@dataclass(frozen=True, slots=True)
class FoundTraining:
    """A training, and how many others there are of the same dataset."""

    training: Training
    others: int = 0


async def look_up_training(name: str, runs: Runs, trainer: Trainer, state: Path) -> FoundTraining:
    """The training that is meant. Raises NotFound."""
    trainings = await list_trainings(trainer)
    if name == LATEST or name.startswith("t"):
        meant = choose(name, [training.name for training in trainings], "training")
        return FoundTraining(next(training for training in trainings if training.name == meant))
    name = await find_run(runs, name)
    folder = state.expanduser().absolute() / "cache" / f"export-{uuid4().hex}"
    try:
        await export_dataset(runs, name, folder)
        dataset = sha256_hex((folder / MANIFEST).read_bytes())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found = [training for training in trainings if training.dataset == dataset]
    if not found:
        raise NotFound(
            f"nothing was trained on the dataset of run {name}", hint=f"`seedbed train {name}` trains on it"
        )
    return FoundTraining(found[0], len(found) - 1)


async def find_training_of_state(name: str, state: StateFolder, notify: Notify) -> str:
    """The training that is meant, asked of the stack of a state folder. Raises NotFound."""
    async with (
        reach_stack(state, WITH_TRAINER, notify) as (ports, _),
        open_runs(address(ports["runs"]), local_access(state)) as runs,
        open_trainer(address(ports["trainer"]), local_access(state)) as trainer,
    ):
        return (await look_up_training(name, runs, trainer, state.root)).training.name
