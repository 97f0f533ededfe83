"""One request id, one training: over gRPC, by two replicas of the service and beyond a restart."""

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest

from seedbed.kernel.bus.streams import WORK, Bus, consumer_name
from seedbed.kernel.rpc.channel import open_channel
from seedbed.kernel.rpc.server import Server
from seedbed.kernel.settings import Settings
from seedbed.kernel.store.artifacts import dataset_prefix, put_folder
from seedbed.kernel.store.connect import open_store
from seedbed.pipeline.items import TRAINING_PHASE
from seedbed.trainer.service.api import TrainerApi
from seedbed.trainer.service.requeue import Requeue
from seedbed.trainer.service.trainings import Trainings
from seedbed.trainer.v1 import trainer_service_pb2 as pb
from seedbed.trainer.v1.trainer_service_pb2_grpc import (
    TrainerServiceStub,
    add_TrainerServiceServicer_to_server,
)
from tests.runs.test_refusals import details_of
from tests.trainer.students import recipe

ID = "5f0c4a5e-9d3f-4c7e-8e8e-1f6a2b3c4d5e"


@pytest.fixture
async def store(file_store_url):
    return await open_store(file_store_url)


@asynccontextmanager
async def desk(nats_url, store):
    """A replica that takes trainings and works on none."""
    bus = await Bus.connect(Settings(nats_url=nats_url), "trainer")
    server = Server([], reflect=False)
    api = TrainerApi(Trainings(bus), bus, store, trust_callers=True)
    add_TrainerServiceServicer_to_server(api, server.grpc)
    async with open_channel(f"127.0.0.1:{await server.start('127.0.0.1:0')}") as channel:
        stub: Any = TrainerServiceStub(channel)
        yield stub
    await server.stop(0)
    await bus.close()


@pytest.fixture
async def request_with_id(store, place):
    digest = await put_folder(store, "sent", place / "dataset")
    await put_folder(store, dataset_prefix(digest), place / "dataset")
    return pb.TrainRequest(
        dataset=digest, model=str(place / "model"), recipe=recipe().canonical(), request_id=ID
    )


async def test_a_training_is_begun_once_for_an_id(bus, nats_url, store, request_with_id):
    request = request_with_id
    async with desk(nats_url, store) as stub, desk(nats_url, store) as other:
        first, second = await asyncio.gather(*(one.Train(request, timeout=30) for one in (stub, other)))
        assert first == second
        name = first.name.removeprefix("operations/")
        await stub.CancelTraining(pb.CancelTrainingRequest(training=name), timeout=9)
    # A request that comes late does not set going again what was cancelled meanwhile.
    async with desk(nats_url, store) as stub:
        assert await stub.Train(request, timeout=30) == first
        found = await stub.GetTraining(pb.GetTrainingRequest(training=name), timeout=9)
        assert found.state == pb.TrainingState.TRAINING_STATE_CANCELLED
        request.recipe = recipe(pack_tokens=1024).canonical()
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.Train(request, timeout=30)
        listed = await stub.ListTrainings(pb.ListTrainingsRequest(), timeout=9)
        assert [training.name for training in listed.trainings] == [name]
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    info, fields = details_of(refused.value)
    assert (info.reason, fields) == ("INVALID_INPUT", ["request_id"])


async def test_a_training_that_a_restart_left_dormant_is_taken_up_by_the_same_request(
    bus, nats_url, store, request_with_id
):
    dormant = Requeue(bus, Trainings(bus), Settings(nats_url=nats_url, resume=False))
    await dormant.start()
    async with desk(nats_url, store) as stub:
        answer = await stub.Train(request_with_id, timeout=30)
        assert await waiting(bus) == 1
        await dormant.start()
        assert await waiting(bus) == 0
        assert await stub.Train(request_with_id, timeout=30) == answer
        assert await waiting(bus) == 1
    await dormant.stop()


async def waiting(bus):
    """How many phases are queued."""
    return (await bus.js.consumer_info(WORK, consumer_name(TRAINING_PHASE))).num_pending
