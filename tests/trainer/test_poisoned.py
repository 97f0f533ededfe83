"""Trainings that can come to nothing, on a real queue: each ends failed, saying why, and never comes back."""

from typing import Any

import pytest

from seedbed.bus.v1.bus_pb2 import Item
from seedbed.kernel.bus.streams import TRAININGS
from seedbed.kernel.identity import sha256_hex
from seedbed.kernel.store.artifacts import dataset_prefix
from seedbed.kernel.store.connect import open_store
from seedbed.pipeline.items import TRAINING_PHASE
from seedbed.trainer.recipe import read_training_recipe
from seedbed.trainer.service.transitions import set_going
from seedbed.trainer.shipped_recipes import read_shipped
from seedbed.trainer.training import make_training
from seedbed.trainer.v1 import trainer_service_pb2 as pb
from seedbed.trainer.v1.checkpoint_pb2 import Base
from tests.kernel.looking import done
from tests.trainer.trainer_service import serving

FAILED = pb.TrainingState.TRAINING_STATE_FAILED


@pytest.fixture
async def store(file_store_url):
    return await open_store(file_store_url)


@pytest.fixture
async def trainer(bus, store, tmp_path):
    async with serving(bus, store, tmp_path / "cache") as trainer:
        yield trainer


async def begin(trainer: Any, dataset: str, **changes: Any) -> str:
    """Have a training on record and queued, as it could be before requests had bounds."""
    recipe = read_training_recipe(read_shipped("small"))
    wanted = make_training(dataset, Base(name="scratch"), recipe)
    wanted.MergeFrom(pb.Training(**changes))
    await trainer.trainings.create(wanted)
    await trainer.trainings.announce(await trainer.trainings.change(wanted.name, set_going))
    return wanted.name


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        ("../" * 21 + "x", "not a key of the store"),
        ("x" * 300, "not a key of the store"),
        ("0" * 64, "no folder"),
    ],
)
async def test_an_impossible_dataset_ends_its_training(trainer, bus, dataset, words):
    ended = await trainer.until(await begin(trainer, dataset))
    assert (ended.state, words in ended.reason) == (FAILED, True), ended.reason
    await done(bus)


async def test_a_dataset_that_is_none_ends_it(trainer, bus, store):
    data = b'{"files": [{"name": 3}]}'
    await store.put(f"{dataset_prefix(sha256_hex(data))}/manifest.json", data)
    ended = await trainer.until(await begin(trainer, sha256_hex(data)))
    assert ended.state == FAILED
    assert ended.reason
    await done(bus)


async def test_what_nobody_foresaw_ends_it_after_a_few_tries(trainer, bus, monkeypatch):
    async def fail(*_: Any) -> Any:
        raise KeyError("a slip")

    monkeypatch.setattr(trainer.job_worker._handler._artifacts, "fetch", fail)
    ended = await trainer.until(await begin(trainer, "0" * 64))
    assert ended.state == FAILED
    assert "KeyError: 'a slip'" in ended.reason
    await done(bus)


async def test_an_item_of_no_training_is_dropped(trainer, bus):
    await bus.publish_work(Item(run="t" + "0" * 16, leaf="phase", step=TRAINING_PHASE, digest="d"))
    await done(bus)


async def test_a_record_that_cannot_be_read_is_listed_as_failed_and_made_anew(trainer, bus, store):
    name = await begin(trainer, "0" * 64)
    await trainer.until(name)
    await (await bus.bucket(TRAININGS)).put(name, b"\xff\xff")
    other = await begin(trainer, "1" * 64)
    await trainer.until(other)
    listed = {
        one.name: one for one in (await trainer.api.ListTrainings(pb.ListTrainingsRequest(), None)).trainings
    }
    assert set(listed) == {name, other}
    assert listed[name].state == FAILED
    assert "damaged" in listed[name].reason
    assert listed[other].dataset == "1" * 64
    assert await begin(trainer, "0" * 64) == name
    assert (await trainer.until(name)).dataset == "0" * 64
