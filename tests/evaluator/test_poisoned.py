"""Jobs that can come to nothing, on a real queue: each ends failed with its reason, and never comes back."""

import json

import pytest

from seedbed.bus.v1.bus_pb2 import Item
from seedbed.dataset.manifest import FILES, MANIFEST_FILE
from seedbed.evaluator.service.evaluations import Evaluations
from seedbed.evaluator.v1 import evaluator_service_pb2 as pb
from seedbed.evaluator.v1.evaluation_pb2 import Evaluation, EvaluationState
from seedbed.kernel.bus.streams import Bus
from seedbed.kernel.identity import leaf_token
from seedbed.kernel.store.artifacts import dataset_prefix, describe_files, put_folder
from seedbed.kernel.work.job_worker import queue_job
from seedbed.pipeline.items import EVALUATION
from seedbed.trainer.v1.checkpoint_pb2 import Base, CheckpointRef
from tests.kernel.looking import done

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

NAME = "e" + "0" * 16
IMPOSSIBLE = {
    "a way out of the store": ("../" * 21 + "x", "not a key of the store"),
    "a name that no file has": ("x" * 300, "not a key of the store"),
    "none there is": ("0" * 64, "the store has no folder"),
}


async def ask(settings, store, request: pb.EvaluateRequest) -> None:
    """Queue it as it could be queued before requests had bounds."""
    bus = await Bus.connect(settings, "test")
    await Evaluations(store).note(
        Evaluation(name=NAME, state=EvaluationState.EVALUATION_STATE_QUEUED, dataset=request.dataset)
    )
    data = request.SerializeToString()
    item = Item(run=NAME, leaf=leaf_token(NAME), step=EVALUATION, digest="d", input=data)
    assert await queue_job(bus, item)
    await done(bus)
    await bus.close()


async def reason_of(store) -> str:
    found = await Evaluations(store).get(NAME)
    assert found.state == EvaluationState.EVALUATION_STATE_FAILED
    return found.reason


def request_of(dataset: str) -> pb.EvaluateRequest:
    ref = CheckpointRef(training="t" + "0" * 16, phase="p", digest="0" * 64)
    return pb.EvaluateRequest(dataset=dataset, base=Base(name="someone/model"), checkpoints=[ref])


@pytest.mark.parametrize(("dataset", "words"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
async def test_an_impossible_dataset_ends_its_evaluation(serve, settings, store, dataset, words):
    async with serve():
        await ask(settings, store, request_of(dataset))
        assert words in await reason_of(store)


async def test_a_dataset_that_nobody_can_read_ends_it_after_a_few_tries(serve, settings, store, tmp_path):
    # All files are there and whole, and none is what its name says.
    for name in FILES:
        if name != MANIFEST_FILE:
            (tmp_path / name).write_bytes(b"no such thing")
    rows = [
        {"name": f.name, "sha256": f.sha256, "bytes": f.bytes}
        for f in describe_files(tmp_path)
        if f.name in FILES
    ]
    (tmp_path / MANIFEST_FILE).write_text(json.dumps({"files": rows}))
    digest = await put_folder(store, "sent", tmp_path)
    await put_folder(store, dataset_prefix(digest), tmp_path)
    async with serve():
        await ask(settings, store, request_of(digest))
        assert await reason_of(store)


async def test_a_request_that_is_no_message_ends_it(serve, settings, store):
    class Broken:
        dataset = ""

        def SerializeToString(self) -> bytes:  # noqa: N802  as messages have it
            return b"\xff\xff"

    async with serve():
        await ask(settings, store, Broken())  # type: ignore[arg-type]  # stands for bytes that were damaged
        assert "DecodeError" in await reason_of(store)
