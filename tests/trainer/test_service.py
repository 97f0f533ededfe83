"""Trainings on the bus: refused, waited for, and what was trained before is not trained again."""

import asyncio

import pytest

from seedbed.kernel.errors import InputError, NotFound, StoreError
from seedbed.kernel.store.connect import open_store
from seedbed.trainer.v1 import trainer_service_pb2 as pb
from tests.kernel.looking import done
from tests.trainer.students import RECIPE, recipe
from tests.trainer.trainer_service import serving

SUCCEEDED = pb.TrainingState.TRAINING_STATE_SUCCEEDED


@pytest.fixture
async def store(file_store_url):
    return await open_store(file_store_url)


@pytest.fixture
async def trainer(bus, store, tmp_path):
    async with serving(bus, store, tmp_path / "cache") as trainer:
        yield trainer


class Flaky:
    """A store that is away for a while when weights are to be written: first snapshots, then checkpoints."""

    def __init__(self, store, times):
        self._store, self.times = store, {"snapshots": times, "checkpoints": times}

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def upload(self, key, source):
        kind = key.partition("/")[0]
        if self.times.get(kind, 0) > 0:
            self.times[kind] -= 1
            raise StoreError(f"the store takes no {kind}")
        await self._store.upload(key, source)


async def test_what_cannot_be_is_refused_before_anything_is_loaded(trainer, place, tmp_path):
    digest = await trainer.send(place / "dataset")
    with pytest.raises(InputError, match="no dataset"):
        await trainer.train("0" * 64, place / "model", recipe().canonical())
    with pytest.raises(InputError, match=r"not YAML|keys and values"):
        await trainer.train(digest, place / "model", "no-such-recipe")
    with pytest.raises(InputError, match="there is no model"):
        await trainer.train(digest, place / "no-such/model/here", recipe().canonical())
    with pytest.raises(InputError, match="holds no model"):
        await trainer.train(digest, place / "dataset", recipe().canonical())
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_config.json").write_text("{}")
    with pytest.raises(InputError, match="holds an adapter alone"):
        await trainer.train(digest, tmp_path / "adapter", recipe().canonical())
    with pytest.raises(InputError, match="no model is named"):
        await trainer.train(digest, "", recipe().canonical())
    with pytest.raises(InputError) as refused:
        await trainer.train(digest, place / "model", "lab")
    found = {violation.field: violation.description for violation in refused.value.violations}
    assert "warms up over 385 steps" in found["phase kt1"]
    nothing = recipe(phases=[{**RECIPE["phases"][0], "data": [{"kinds": ["foundational"]}]}]).canonical()
    with pytest.raises(InputError) as refused:
        await trainer.train(digest, place / "model", nothing)
    assert "it selects nothing" in refused.value.violations[0].description
    with pytest.raises(NotFound):
        await trainer.trainings.get("t0000")
    assert await trainer.trainings.all() == []


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_training_goes_to_its_end_and_another_recalls_what_it_shares(trainer, place):
    digest = await trainer.send(place / "dataset")
    asked = await trainer.train(digest, place / "model", recipe().canonical())
    ended = await trainer.until(asked.name)
    assert ended.state == SUCCEEDED, ended.reason
    assert [phase.name for phase in ended.phases] == ["kt1", "st"]
    assert [phase.checkpoint.number for phase in ended.phases] == [1, 2]
    answer = await trainer.api.ListCheckpoints(pb.ListCheckpointsRequest(training=asked.name), None)
    first, second = answer.checkpoints
    assert second.parent == ended.phases[0].checkpoint
    assert (first.dataset, first.recipe_digest, first.base.name) == (
        digest,
        recipe().digest,
        str(place / "model"),
    )
    # The same call is the same training, and does nothing.
    again = await trainer.train(digest, place / "model", recipe().canonical())
    assert (again.name, again.state, again.fence) == (ended.name, SUCCEEDED, ended.fence)
    # Another last phase: the first is not trained again.
    other = {**RECIPE, "phases": [RECIPE["phases"][0], {**RECIPE["phases"][1], "learning_rate": 0.005}]}
    changed = await trainer.until(
        (await trainer.train(digest, place / "model", recipe(phases=other["phases"]).canonical())).name
    )
    assert changed.name != ended.name
    assert [phase.recalled for phase in changed.phases] == [True, False]
    assert changed.phases[0].checkpoint == ended.phases[0].checkpoint


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_store_that_is_away_during_a_save_is_waited_for(bus, store, place, tmp_path):
    flaky = Flaky(store, 3)
    # A snapshot after each step: the phases are short.
    async with serving(bus, flaky, tmp_path / "cache", snapshot_seconds=1e-6) as trainer:
        digest = await trainer.send(place / "dataset")
        name = (await trainer.train(digest, place / "model", recipe().canonical())).name
        for kind in ("snapshots", "checkpoints"):
            waiting = await trainer.until(name, lambda training, kind=kind: kind in training.waiting)
            assert waiting.waiting == f"the store takes no {kind}"
        ended = await trainer.until(name)
        assert (ended.state, ended.waiting) == (SUCCEEDED, "")
        assert flaky.times == {"snapshots": 0, "checkpoints": 0}


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_told_to_stop_as_it_ends_it_says_that_it_is_done(bus, store, place, tmp_path, monkeypatch):
    async with serving(bus, store, tmp_path / "cache") as trainer:
        get = trainer.trainings.get

        async def get_slowly(name):
            found = await get(name)
            if found.state == SUCCEEDED:
                await asyncio.sleep(1)
            return found

        digest = await trainer.send(place / "dataset")
        monkeypatch.setattr(trainer.trainings, "get", get_slowly)
        asked = await trainer.train(digest, place / "model", recipe().canonical())
        await trainer.until(asked.name)
    # Acknowledged, not handed back: an item handed back stays open.
    await done(bus)
