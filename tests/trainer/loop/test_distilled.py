"""A distilled phase in processes of its own: killed, and several together."""

import pytest
from safetensors.torch import load_file

from seedbed.trainer.loop.job import CHECKPOINT, SNAPSHOTS
from seedbed.trainer.objectives.objective import OWN_BASE
from tests.trainer.students import (
    RECIPE,
    distilled,
    log_of,
    losses,
    make_job,
    recipe,
    start,
    train,
    wait_for_steps,
    weights,
    weights_in,
    write_tiny,
)

ADAPTER = "adapter_model.safetensors"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("distilled")]


@pytest.fixture(scope="module")
def teacher(place):
    return write_tiny(place / "teacher", seed=5)


def job(place, name, teacher, *, epochs=3, lora=None, **more):
    phase = distilled({**RECIPE["phases"][0], "epochs": epochs}, teacher, temperature=2)
    text = recipe(phases=[phase], lora=lora).canonical()
    return make_job(place / name, place / "dataset", place / "model", recipe=text, **more)


@pytest.fixture(scope="module")
def alone(place, teacher):
    """The losses of one process by itself."""
    found = job(place, "alone", teacher)
    assert train(found) == 0, log_of(found)
    return losses(found)


def test_killed_it_goes_on_from_its_last_snapshot_to_the_same_weights(place, teacher):
    before = weights_in(teacher)
    whole = job(place, "whole", teacher, epochs=40)
    assert train(whole) == 0, log_of(whole)
    killed = job(place, "killed", teacher, epochs=40, snapshot_seconds=0.05)
    process = start(killed)
    wait_for_steps(killed, 20)
    process.kill()
    process.wait()
    snapshot = max(path for path in (killed.work / SNAPSHOTS).iterdir() if not path.name.startswith("."))
    again = job(place, "revived", teacher, epochs=40, snapshot=snapshot)
    assert train(again) == 0, log_of(again)
    assert weights(again) == weights(whole)
    assert losses(again) == losses(whole)
    assert losses(whole)[-1] < losses(whole)[0]
    # Of the teacher nothing is in what is left, and nothing at it has changed.
    names = set(load_file(whole.work / CHECKPOINT / "model.safetensors"))
    assert names == set(load_file(place / "model" / "model.safetensors"))
    assert set(load_file(snapshot / "weights.safetensors")) == names
    assert weights_in(teacher) == before


@pytest.mark.parametrize("shard", [False, True], ids=["whole", "sharded"])
def test_two_processes_have_the_same_course_as_one_and_go_on_from_a_snapshot(place, teacher, alone, shard):
    both = job(place, f"both-{shard}", teacher, shard=shard, snapshot_seconds=0.0)
    assert train(both, processes=2) == 0, log_of(both)
    assert losses(both) == pytest.approx(alone, rel=1e-4)
    again = job(place, f"again-{shard}", teacher, shard=shard, snapshot=half_way(both))
    assert train(again, processes=2) == 0, log_of(again)
    assert weights(again) == weights(both)


def test_an_adapter_is_distilled_from_its_own_base_and_goes_on_from_a_snapshot(place):
    more = {"lora": {"rank": 4}, "shard": False}
    one = job(place, "lora-one", OWN_BASE, snapshot_seconds=0.0, **more)
    assert train(one) == 0, log_of(one)
    again = job(place, "lora-again", OWN_BASE, snapshot=half_way(one), **more)
    assert train(again) == 0, log_of(again)
    both = job(place, "lora-both", OWN_BASE, **more)
    assert train(both, processes=2) == 0, log_of(both)
    assert weights(again, ADAPTER) == weights(one, ADAPTER)
    assert losses(both) == pytest.approx(losses(one), rel=1e-4)
    assert losses(one)[-1] < losses(one)[0]
    # The base, which teaches, is not in what is left.
    assert all("lora" in name for name in load_file(one.work / CHECKPOINT / ADAPTER))


def half_way(job):
    """The snapshot in the middle of those that a training has left."""
    snapshots = sorted((job.work / SNAPSHOTS).glob("[0-9]*"))
    return snapshots[len(snapshots) // 2]
