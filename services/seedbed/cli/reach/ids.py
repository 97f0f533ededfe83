"""Ids as people give them: in full, by the beginning of one, or `latest`."""

import re
from collections.abc import Sequence

from seedbed.bus.v1.bus_pb2 import RunPurpose
from seedbed.cli.commands.watch import list_runs
from seedbed.cli.reach.connect import Runs
from seedbed.cli.reach.trainers import Trainer
from seedbed.kernel.errors import NotFound
from seedbed.trainer.v1.trainer_service_pb2 import ListTrainingsRequest, Training

LATEST = "latest"

_RUN = re.compile(r"r[0-9a-f]{16}")
_TIMEOUT = 30.0
_PAGE = 100
_SHOWN = 5


def choose(given: str, names: Sequence[str], what: str) -> str:
    """The one that is meant of some names, the latest first. Raises NotFound."""
    hint = f"`seedbed {what}s list` names those that there are"
    if given == LATEST and names:
        return names[0]
    found = [given] if given in names else [name for name in names if given and name.startswith(given)]
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
        raise NotFound(f"several {what}s begin with {given!r}: {some}", hint="give more of it")
    raise NotFound(f"there is no {what} {given!r}", hint=hint)


async def find_run(runs: Runs, given: str) -> str:
    """The run that is meant; nothing where none is. Raises NotFound."""
    # A full one is the service's to know: it says more of one that it cannot read.
    if not given or _RUN.fullmatch(given):
        return given
    found = await list_runs(runs)
    if given == LATEST:
        # Of those that people asked for.
        found = [run for run in found if run.purpose != RunPurpose.RUN_PURPOSE_EVALUATION]
    return choose(given, [run.name for run in found], "run")


async def list_trainings(trainer: Trainer) -> list[Training]:
    """All trainings, the latest first."""
    found: list[Training] = []
    token = ""
    while True:
        request = ListTrainingsRequest(page_size=_PAGE, page_token=token)
        page = await trainer.stub.ListTrainings(request, timeout=_TIMEOUT)
        found += page.trainings
        token = page.next_page_token
        if not token:
            return found


async def find_training(trainer: Trainer, given: str) -> str:
    """The training that is meant. Raises NotFound."""
    return choose(given, [training.name for training in await list_trainings(trainer)], "training")
