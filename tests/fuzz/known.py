"""Things there are on a stack, so that requests reach deeper than the first look-up."""

import contextlib
import shutil
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from seedbed.bus.v1.bus_pb2 import RunState
from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.settings import Settings
from seedbed.runs.v1 import runs_service_pb2 as runs
from seedbed.runs.v1.runs_service_pb2_grpc import RunsServiceStub
from seedbed.taxonomy.v1.taxonomy_service_pb2 import ImportRequest
from seedbed.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceStub
from seedbed.trainer.recipe import read_training_recipe
from seedbed.trainer.service.trainings import Trainings
from seedbed.trainer.shipped_recipes import read_shipped
from seedbed.trainer.training import make_training
from seedbed.trainer.v1.checkpoint_pb2 import Base
from tests.fuzz.requests import Known
from tests.fuzz.stack import Stack

_TAXONOMY = Path(__file__).resolve().parents[2] / "taxonomy"
LEAF = "compositional_skills/linguistics/writing/thank_you_notes"
_PATIENCE = 60.0


async def is_there(stack: Stack, known: Known) -> bool:
    """Whether its run has not been collected as garbage."""
    async with stack.channel("runs") as channel:
        stub: Any = RunsServiceStub(channel)
        try:
            await stub.GetDataset(runs.GetDatasetRequest(run=known["run"][0]), timeout=_PATIENCE)
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.NOT_FOUND:
                return False
            raise
    return True


async def make_known(stack: Stack) -> Known:
    """Import, run to the end, and put a training on record: their names."""
    async with stack.channel("taxonomy") as channel, stack.channel("runs") as other:
        taxonomy: Any = TaxonomyServiceStub(channel)
        stub: Any = RunsServiceStub(other)
        # Of its own and small, so that reading it takes no time.
        source = stack.folder / "taxonomy"
        shutil.copytree(_TAXONOMY / LEAF, source / LEAF, dirs_exist_ok=True)
        imported = await taxonomy.Import(ImportRequest(source=str(source)), timeout=_PATIENCE)
        wanted = runs.CreateRunRequest(snapshot=imported.snapshot, leaves=[LEAF], target=1)
        operation = await stub.CreateRun(wanted, timeout=_PATIENCE)
        run = operation.name.removeprefix("operations/")
        async for _ in stub.WatchRun(runs.WatchRunRequest(run=run), timeout=_PATIENCE):
            pass
        dataset = await stub.GetDataset(runs.GetDatasetRequest(run=run), timeout=_PATIENCE)
        call = stub.ListCandidates(runs.ListCandidatesRequest(run=run), timeout=_PATIENCE)
        candidates = [answer.candidate.id async for answer in call]
    training = await _keep_training(stack)
    evaluation = "e" + "0" * 16
    return {
        "run": [run],
        "keep": [run],
        "base": [run, "HEAD"],
        "head": [run, "HEAD"],
        "part": [part.part for part in dataset.parts],
        "candidate": candidates,
        "snapshot": [imported.snapshot],
        "training": [training],
        "evaluation": [evaluation],
        "name": [f"operations/{name}" for name in (run, training, evaluation)],
        "source": [str(source), f"{source}@HEAD", "/nowhere", "https://127.0.0.1:9/x.git"],
        "leaf": [LEAF, "**"],
        "leaves": [LEAF],
        "path": ["knowledge/science/x", "a.md"],
        "kind": ["knowledge", "freeform_skill", "grounded_skill"],
        "media_type": ["text/markdown", "application/pdf", "text/html"],
        "question": ["What is it?"],
        "answer": ["It is that."],
        "model": ["scratch", "someone/model"],
        "phase": ["knowledge"],
        "end": ["accepted"],
    }


async def stop_runs(stack: Stack) -> None:
    """Cancel what was set going: a run may be asked for a million samples."""
    async with stack.channel("runs") as channel:
        stub: Any = RunsServiceStub(channel)
        token = ""
        while True:
            request = runs.ListRunsRequest(page_token=token, page_size=1000)
            page = await stub.ListRuns(request, timeout=_PATIENCE)
            for run in page.runs:
                if run.state == RunState.RUN_STATE_RUNNING:
                    # It may have ended by itself meanwhile.
                    with contextlib.suppress(grpc.aio.AioRpcError):
                        await stub.CancelRun(runs.CancelRunRequest(run=run.name), timeout=_PATIENCE)
            token = page.next_page_token
            if not token:
                return


async def _keep_training(stack: Stack) -> str:
    bus = await Bus.connect(Settings(nats_url=stack.nats_url), "test")
    try:
        recipe = read_training_recipe(read_shipped("small"))
        wanted = make_training("a" * 64, Base(name="scratch"), recipe)
        return (await Trainings(bus).create(wanted)).name
    finally:
        await bus.close()
