"""Phases on texts in processes of their own: mixed with questions, replayed, distilled, several together."""

import json

import pytest

from seedbed.kernel.store.checkpoints import read_checkpoint_manifest
from seedbed.trainer.loop.job import CHECKPOINT, METRICS, SNAPSHOTS
from seedbed.trainer.objectives.objective import OWN_BASE
from tests.trainer.students import (
    RECIPE,
    distilled,
    log_of,
    losses,
    make_job,
    recipe,
    train,
    weights,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("texts")]

ROWS = ["document_text", "retelling_text", "closed_qa"]
TOKENS = 3000
MIXED = {
    **RECIPE["phases"][0],
    "data": [{"kinds": ["knowledge"], "rows": ROWS}],
    "epochs": 1,
    "tokens": TOKENS,
    "context": 64,
}


def job(place, name, *phases, **more):
    text = recipe(phases=list(phases)).canonical()
    return make_job(place / name, place / "dataset", place / "model", recipe=text, **more)


@pytest.fixture(scope="module")
def alone(place):
    found = job(place, "alone", MIXED, snapshot_seconds=0.0)
    assert train(found) == 0, log_of(found)
    return found


def test_a_mixture_goes_as_far_as_its_tokens(alone):
    manifest = read_checkpoint_manifest(alone.work / CHECKPOINT)
    assert TOKENS <= manifest.counted_tokens_seen < TOKENS + MIXED["context"]
    assert manifest.tokens_seen > manifest.counted_tokens_seen
    last = json.loads((alone.work / METRICS).read_text().splitlines()[-1])
    assert last["step"] == last["steps"]
    assert manifest.epochs - 1 < last["epoch"] <= manifest.epochs
    assert losses(alone)[-1] < losses(alone)[0]


def test_it_goes_on_from_a_snapshot_to_the_same_weights(place, alone):
    snapshots = sorted((alone.work / SNAPSHOTS).glob("[0-9]*"))
    again = job(place, "again", MIXED, snapshot=snapshots[len(snapshots) // 2])
    assert train(again) == 0, log_of(again)
    assert weights(again) == weights(alone)


def test_two_processes_have_the_same_course_as_one(place, alone):
    both = job(place, "both", MIXED, shard=False)
    assert train(both, processes=2) == 0, log_of(both)
    assert losses(both) == pytest.approx(losses(alone), rel=1e-4)


def test_texts_are_replayed_by_a_later_phase_and_distilled(place):
    later = distilled({**RECIPE["phases"][1], "replay": [{"phase": "kt1"}], "context": 64}, OWN_BASE)
    found = job(place, "later", MIXED, later, phase="st")
    assert train(found) == 0, log_of(found)
    manifest = read_checkpoint_manifest(found.work / CHECKPOINT)
    (replayed,) = manifest.replay
    assert replayed.source == "kt1"
    assert replayed.counted_tokens > 0
    assert losses(found)[-1] < losses(found)[0]
