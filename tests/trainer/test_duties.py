"""Desk and errand, each its own process: one queues and answers, the other works and goes."""

import os
import re
import signal
import sys

import grpc
import pytest

from seedbed.kernel.bus.streams import Bus, consumer_name
from seedbed.kernel.rpc.channel import open_channel
from seedbed.kernel.settings import Settings
from seedbed.kernel.store.artifacts import dataset_prefix, put_folder
from seedbed.kernel.store.connect import open_store
from seedbed.pipeline.items import TRAINING_PHASE
from seedbed.trainer.service.transitions import has_ended
from seedbed.trainer.v1 import trainer_service_pb2 as pb
from seedbed.trainer.v1.trainer_service_pb2_grpc import TrainerServiceStub
from tests.kernel.waiting import until
from tests.servers.process import end, spawn
from tests.trainer.students import RECIPE, ROOT, recipe, write_rows, write_tiny

FIRST, SECOND = RECIPE["phases"]
LONG = recipe(phases=[{**FIRST, "epochs": 100}, SECOND])


class Trainers:
    """Trainers as processes, with a bus and a store between them."""

    def __init__(self, folder, bus, nats_url, store_url):
        self.folder = folder
        self.bus = bus
        self._told = {
            "SEEDBED_NATS_URL": nats_url,
            "SEEDBED_STORE_URL": store_url,
            "SEEDBED_TRAINER_THREADS": "1",
            "SEEDBED_ACK_WAIT": "2",
            "SEEDBED_HEARTBEAT": "0.5",
        }
        self.processes = []

    def start(self, duty):
        """Start one."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SEEDBED_")}
        name = f"{duty}-{len(self.processes)}"
        own = {"SEEDBED_DUTY": duty, "SEEDBED_CACHE_FOLDER": str(self.folder / name)}
        environment = {**kept, "PYTHONPATH": f"{ROOT}/services", **self._told, **own}
        command = [sys.executable, "-m", "seedbed.trainer"]
        process = spawn(command, self.folder / f"{name}.log", environment)
        self.processes.append(process)
        return process

    def log(self, name):
        """What one has said."""
        return (self.folder / f"{name}.log").read_text()


@pytest.fixture
async def trainers(tmp_path, nats_server, file_store_url):
    bus = await Bus.connect(Settings(nats_url=nats_server.url), "test")
    await bus.prepare()
    made = Trainers(tmp_path, bus, nats_server.url, file_store_url)
    yield made
    for process in made.processes:
        end(process)
    await bus.close()


async def lag(bus, items):
    """Wait until a scaler reads so many: items that wait and those in hand."""

    async def read():
        found = await bus.js.consumer_info("WORK", consumer_name(TRAINING_PHASE))
        return found.num_pending + found.num_ack_pending == items

    await until(read)


async def test_an_errand_for_which_there_is_nothing_ends_by_itself(trainers):
    errand = trainers.start("errand")
    await until(lambda: errand.poll() is not None, 30)
    assert errand.returncode == 0
    assert "nothing is left to do" in trainers.log("errand-0")


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_desk_queues_and_errands_work_each_as_far_as_it_lives(trainers, file_store_url, tmp_path):
    store = await open_store(file_store_url)
    write_rows(tmp_path / "dataset")
    write_tiny(tmp_path / "model")
    digest = await put_folder(store, "sent", tmp_path / "dataset")
    await put_folder(store, dataset_prefix(digest), tmp_path / "dataset")
    desk = trainers.start("desk")
    await until(lambda: '"serving"' in trainers.log("desk-0"), 30)
    [port] = re.findall(r'"port": (\d+)', trainers.log("desk-0"))
    async with open_channel(f"127.0.0.1:{port}") as channel:
        stub = TrainerServiceStub(channel)
        asked = pb.TrainRequest(dataset=digest, model=str(tmp_path / "model"), recipe=LONG.canonical())
        told = pb.TrainingMetadata()
        (await stub.Train(asked, timeout=30)).metadata.Unpack(told)

        async def training():
            return await stub.GetTraining(pb.GetTrainingRequest(training=told.training), timeout=30)

        async def has_begun():
            return (await training()).metrics.step > 0

        await lag(trainers.bus, 1)
        first = trainers.start("errand")
        await until(has_begun, 60)
        assert (await training()).fence == 1
        first.send_signal(signal.SIGTERM)
        await until(lambda: first.poll() is not None, 30)
        assert first.returncode == 0
        left = await training()
        assert left.phases[0].HasField("snapshot")
        assert [pb.PhaseState.Name(phase.state) for phase in left.phases] == ["PHASE_STATE_WAITING"] * 2
        await lag(trainers.bus, 1)

        second = trainers.start("errand")
        await until(lambda: second.poll() is not None, 120)
        assert second.returncode == 0
        ended = await training()
        assert has_ended(ended)
        assert ended.state == pb.TrainingState.TRAINING_STATE_SUCCEEDED, ended.reason
        assert ended.fence == 3  # once by the first, twice by the second: it took both phases
        await lag(trainers.bus, 0)
        assert desk.poll() is None


@pytest.mark.slow
async def test_an_errand_answers_nobody_but_who_asks_how_it_is(trainers):
    trainers.start("errand")
    await until(lambda: '"serving"' in trainers.log("errand-0"), 30)
    [port] = re.findall(r'"port": (\d+)', trainers.log("errand-0"))
    async with open_channel(f"127.0.0.1:{port}") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await TrainerServiceStub(channel).ListTrainings(pb.ListTrainingsRequest(), timeout=10)
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
