"""A distilled phase in processes of its own: killed, and several together."""

import pytest
from safetensors.torch import load_file

from seedbed.trainer.loop.job import CHECKPOINT, SNAPSHOTS
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

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def teacher(place):
    return write_tiny(place / "teacher", seed=5)


def job(place, name, teacher, *, epochs=3, **more):
    phase = distilled({**RECIPE["phases"][0], "epochs": epochs}, teacher, temperature=2)
    text = recipe(phases=[phase]).canonical()
    return make_job(place / name, place / "dataset", place / "model", recipe=text, **more)


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


def test_two_processes_have_the_same_course_as_one_and_go_on_from_a_snapshot(place, teacher):
    alone = job(place, "alone", teacher)
    assert train(alone) == 0, log_of(alone)
    both = job(place, "both", teacher, shard=False, snapshot_seconds=0.0)
    assert train(both, processes=2) == 0, log_of(both)
    assert losses(both) == pytest.approx(losses(alone), rel=1e-4)
    snapshots = sorted((both.work / SNAPSHOTS).glob("[0-9]*"))
    again = job(place, "again", teacher, shard=False, snapshot=snapshots[len(snapshots) // 2])
    assert train(again, processes=2) == 0, log_of(again)
    assert weights(again) == weights(both)
