"""The training process: told to stop, killed, and several of them together."""

import json
import signal

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from seedbed.kernel.store.checkpoints import read_checkpoint_manifest
from seedbed.trainer.loop.job import CHECKPOINT, METRICS, SNAPSHOTS, read_outcome
from seedbed.trainer.recipe import BASE
from seedbed.trainer.v1.checkpoint_pb2 import WeightsKind
from tests.dataset.leaves import BIRDS, HANOK
from tests.trainer.students import (
    SMALL,
    log_of,
    losses,
    make_job,
    recipe,
    start,
    train,
    wait_for_steps,
    weights,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
LONG = recipe(phases=[{**recipe().phases[0].model_dump(), "epochs": 60}]).canonical()


@pytest.fixture(scope="module")
def whole(place):
    """A phase of many steps that nothing happened to."""
    job = make_job(place / "whole", place / "dataset", place / "model", recipe=LONG)
    assert train(job) == 0, log_of(job)
    return job


def test_told_to_stop_it_saves_and_goes_on_to_the_same_weights(place, whole):
    job = make_job(place / "stopped", place / "dataset", place / "model", recipe=LONG)
    process = start(job)
    wait_for_steps(job, 20)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 75, log_of(job)
    assert read_outcome(job.work).end == "stopped"
    (snapshot,) = (job.work / SNAPSHOTS).iterdir()
    again = make_job(place / "resumed", place / "dataset", place / "model", recipe=LONG, snapshot=snapshot)
    assert train(again) == 0, log_of(again)
    assert weights(again) == weights(whole)
    assert losses(again) == losses(whole)


def test_killed_it_goes_on_from_its_last_snapshot_to_the_same_weights(place, whole):
    job = make_job(place / "killed", place / "dataset", place / "model", recipe=LONG, snapshot_seconds=0.05)
    process = start(job)
    wait_for_steps(job, 30)
    process.kill()
    process.wait()
    assert read_outcome(job.work) is None
    snapshot = max(path for path in (job.work / SNAPSHOTS).iterdir() if not path.name.startswith("."))
    again = make_job(place / "revived", place / "dataset", place / "model", recipe=LONG, snapshot=snapshot)
    assert train(again) == 0, log_of(again)
    assert weights(again) == weights(whole)


@pytest.mark.parametrize("shard", [False, True], ids=["whole", "sharded"])
def test_two_processes_have_the_same_course_as_one_and_go_on_from_a_snapshot(place, shard):
    alone = make_job(place / f"alone-{shard}", place / "dataset", place / "model")
    assert train(alone) == 0, log_of(alone)
    more = {"shard": shard, "snapshot_seconds": 0.0}
    both = make_job(place / f"both-{shard}", place / "dataset", place / "model", **more)
    assert train(both, processes=2) == 0, log_of(both)
    assert losses(both) == pytest.approx(losses(alone), rel=1e-4)
    assert read_checkpoint_manifest(both.work / CHECKPOINT).surroundings.processes == 2
    AutoModelForCausalLM.from_pretrained(both.work / CHECKPOINT)
    snapshots = sorted((both.work / SNAPSHOTS).glob("[0-9]*"))
    more["snapshot"] = snapshots[len(snapshots) // 2]
    again = make_job(place / f"again-{shard}", place / "dataset", place / "model", **more)
    assert train(again, processes=2) == 0, log_of(again)
    assert weights(again) == weights(both)


def test_what_comes_of_it_loads_and_says_what_it_came_from(place, whole):
    folder = whole.work / CHECKPOINT
    model = AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": "seeds"}],
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
    )
    assert model(**asked).logits.shape[-1] == model.config.vocab_size
    manifest = read_checkpoint_manifest(folder)
    assert manifest.kind == WeightsKind.WEIGHTS_KIND_FULL
    assert [leaf.path for leaf in manifest.leaves] == sorted((BIRDS, HANOK))
    assert sum(leaf.share for leaf in manifest.leaves) == pytest.approx(1)
    assert manifest.last_loss < manifest.first_loss
    assert manifest.samples_seen == 60 * sum(leaf.samples for leaf in manifest.leaves)
    assert manifest.surroundings.libraries["torch"] == torch.__version__
    assert {"model.safetensors", "tokenizer.json", METRICS} <= {file.name for file in manifest.files}


def test_an_adapter_goes_on_from_phase_to_phase(place):
    text = recipe(lora={"rank": 4}).canonical()
    first = make_job(place / "lora-1", place / "dataset", place / "model", recipe=text)
    assert train(first) == 0, log_of(first)
    parent = first.work / CHECKPOINT
    second = make_job(
        place / "lora-2", place / "dataset", place / "model", recipe=text, phase="st", parent=parent
    )
    assert train(second) == 0, log_of(second)
    manifest = read_checkpoint_manifest(second.work / CHECKPOINT)
    assert manifest.kind == WeightsKind.WEIGHTS_KIND_ADAPTER
    assert [(one.source, one.share > 0) for one in manifest.replay] == [("kt1", True)]
    assert weights(second, "adapter_model.safetensors") != weights(first, "adapter_model.safetensors")
    base = AutoModelForCausalLM.from_pretrained(place / "model")
    adapted = PeftModel.from_pretrained(base, second.work / CHECKPOINT)
    assert adapted.peft_config["default"].base_model_name_or_path == str(place / "model")


def test_a_student_from_scratch_is_the_same_each_time(place):
    text = recipe(scratch=SMALL).canonical()
    made = [make_job(place / f"scratch-{n}", place / "dataset", "", recipe=text, phase=BASE) for n in (1, 2)]
    for job in made:
        assert train(job) == 0, log_of(job)
    assert weights(made[0]) == weights(made[1])
    first, second = ((job.work / CHECKPOINT / "tokenizer.json").read_bytes() for job in made)
    assert first == second


def test_what_fails_says_why(place):
    job = make_job(place / "failed", place / "dataset", place / "nothing")
    assert train(job) == 3
    outcome = read_outcome(job.work)
    assert outcome.end == "failed"
    assert "nothing" in outcome.error
    assert not (job.work / CHECKPOINT).exists()


def test_it_ends_with_whoever_wants_it(place):
    job = make_job(place / "orphan", place / "dataset", place / "model", recipe=LONG, owner=2**22 - 1)
    assert train(job) == 1
    assert json.loads((job.work / "job.json").read_text())["owner"] == 2**22 - 1
    assert read_outcome(job.work) is None
