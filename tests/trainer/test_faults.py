"""What may happen to a training on its way: whatever it is, the weights are those of an undisturbed one."""

import asyncio
import os
import resource
import signal
import subprocess
import sys

import psutil
import pytest

from seedbed.kernel.store.checkpoints import get_checkpoint
from seedbed.kernel.store.connect import open_store
from seedbed.trainer.service import requeue
from seedbed.trainer.service.transitions import claim
from seedbed.trainer.v1 import trainer_service_pb2 as pb
from tests.servers.process import end, spawn
from tests.trainer.students import (
    ROOT,
    log_of,
    make_job,
    recipe,
    train,
    weights,
    weights_in,
)
from tests.trainer.trainer_service import SPEED, Trainer, serving

# In one worker, so that what they are compared with is trained once.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("trainer-faults")]
LONG = recipe(phases=[{**recipe().phases[0].model_dump(), "epochs": 120}]).canonical()
SUCCEEDED = pb.TrainingState.TRAINING_STATE_SUCCEEDED
FAILED = pb.TrainingState.TRAINING_STATE_FAILED


@pytest.fixture(scope="module")
def undisturbed(place):
    """The weights that a phase comes to when nothing happens to it."""
    job = make_job(place / "whole", place / "dataset", place / "model", recipe=LONG)
    assert train(job) == 0, log_of(job)
    return weights(job)


@pytest.fixture
async def store(file_store_url):
    return await open_store(file_store_url)


@pytest.fixture
def services(nats_server, file_store_url, tmp_path):
    """Starts trainers in processes of their own; all of one machine, so they share its cache."""
    running: list[subprocess.Popen[bytes]] = []
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SEEDBED_")}
    settings = {**SPEED, "cache_folder": tmp_path / "cache", "store_url": file_store_url}
    environ |= {f"SEEDBED_{name}".upper(): str(value) for name, value in settings.items()}
    environ |= {"SEEDBED_NATS_URL": nats_server.url, "PYTHONPATH": f"{ROOT}/services"}

    def start():
        log = tmp_path / f"service-{len(running)}.log"
        running.append(spawn((sys.executable, "-m", "seedbed.trainer"), log, environ))
        return running[-1]

    yield start
    for process in running:
        process.send_signal(signal.SIGCONT)
        end(process)


async def ask(trainer, place):
    digest = await trainer.send(place / "dataset")
    return (await trainer.train(digest, place / "model", LONG)).name


async def further(trainer, name):
    """Wait until a snapshot is in the store that is further on than the last; how far it is."""
    before = (await trainer.trainings.get(name)).phases[0].snapshot.step
    found = await trainer.until(name, lambda training: training.phases[0].snapshot.step > before)
    return found.phases[0].snapshot.step


async def compare(trainer, training, undisturbed, tmp_path):
    """It has succeeded, with the same bits, and left nothing behind on this machine."""
    assert training.state == SUCCEEDED, training.reason
    folder = await get_checkpoint(trainer.store, training.phases[0].checkpoint, tmp_path / "fetched")
    assert weights_in(folder) == undisturbed
    assert list((trainer.cache / "work").iterdir()) == []
    assert await trainer.store.keys(f"snapshots/{training.name}/") == []


def training_process(pid):
    """The process that trains for a trainer."""
    (found,) = (
        child for child in psutil.Process(pid).children() if "seedbed.trainer.loop.train" in child.cmdline()
    )
    return found


async def test_killed_and_stopped_it_goes_on(bus, store, services, place, undisturbed, tmp_path):
    asking = Trainer(bus, store, tmp_path / "cache")
    name = await ask(asking, place)
    first = services()
    await further(asking, name)
    training_process(first.pid).kill()
    # It itself goes on, with another process; what the first had saved as it was killed is sent before.
    await asking.until(name, lambda training: training.fence == 2)
    step = await further(asking, name)
    first.terminate()
    assert first.wait(30) == 0
    handed_back = await asking.trainings.get(name)
    assert handed_back.holder == ""
    assert handed_back.phases[0].state == pb.PhaseState.PHASE_STATE_WAITING
    # Equal where it was told between a snapshot and the step after.
    assert handed_back.phases[0].snapshot.step >= step
    second = services()
    await further(asking, name)
    orphan = training_process(second.pid)
    second.kill()
    second.wait(10)
    # Nobody would take what comes of it.
    psutil.wait_procs([orphan], timeout=10)
    assert not orphan.is_running()
    async with serving(bus, store, tmp_path / "cache") as third:
        ended = await third.until(name)
    assert ended.fence == 4
    await compare(third, ended, undisturbed, tmp_path)


async def test_frozen_and_back_it_has_lost_its_phase(bus, store, services, place, undisturbed, tmp_path):
    asking = Trainer(bus, store, tmp_path / "cache")
    name = await ask(asking, place)
    first = services()
    await further(asking, name)
    process = training_process(first.pid)
    first.send_signal(signal.SIGSTOP)
    async with serving(bus, store, tmp_path / "cache") as second:
        await second.until(name, lambda training: training.fence == 2 and training.metrics.step)
        first.send_signal(signal.SIGCONT)
        ended = await second.until(name)
        psutil.wait_procs([process], timeout=10)
        assert not process.is_running()
        assert first.poll() is None
        # Whoever has lost it writes nothing.
        assert {key.split("/")[2] for key in await store.keys("checkpoints/")} == {"2-kt1"}
    await compare(second, ended, undisturbed, tmp_path)


async def test_a_phase_whose_taker_died_comes_again(bus, store, place, undisturbed, tmp_path, monkeypatch):
    # Nothing is queued anew meanwhile: what comes again is what nobody has acknowledged.
    monkeypatch.setattr(requeue, "AGAIN", 600)
    async with serving(bus, store, tmp_path / "cache") as trainer:
        name = await ask(trainer, place)
        await further(trainer, name)
        await trainer.trainings.change(name, claim("another that dies at once", "kt1"))
        ended = await trainer.until(name)
        assert ended.fence == 3
    await compare(trainer, ended, undisturbed, tmp_path)


async def test_cancelled_and_asked_for_again_it_goes_on(bus, store, place, undisturbed, tmp_path):
    async with serving(bus, store, tmp_path / "cache") as trainer:
        name = await ask(trainer, place)
        step = await further(trainer, name)
        process = training_process(os.getpid())
        await trainer.api.CancelTraining(pb.CancelTrainingRequest(training=name), None)
        await asyncio.to_thread(psutil.wait_procs, [process], timeout=20)
        stopped = await trainer.until(name, lambda training: training.phases[0].snapshot.step > step)
        assert stopped.state == pb.TrainingState.TRAINING_STATE_CANCELLED
        await ask(trainer, place)
        ended = await trainer.until(name)
    await compare(trainer, ended, undisturbed, tmp_path)


async def test_a_full_disk_ends_it_and_with_room_it_goes_on(bus, store, place, undisturbed, tmp_path):
    async with serving(bus, store, tmp_path / "cache") as trainer:
        name = await ask(trainer, place)
        await further(trainer, name)
        # No file of the training process can grow beyond a few rows of metrics.
        process = training_process(os.getpid())
        process.rlimit(psutil.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        failed = await trainer.until(name)
        assert failed.state == FAILED
        assert "cannot write" in failed.reason
        assert "make room there" in failed.reason
        assert not failed.phases[0].HasField("checkpoint")
        await ask(trainer, place)
        ended = await trainer.until(name)
    await compare(trainer, ended, undisturbed, tmp_path)
