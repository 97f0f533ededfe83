"""The loop: stopped anywhere and taken up, it comes to the same weights, bit for bit."""

import hashlib
import math
import resource
from contextlib import contextmanager

import pytest
import torch
from google.protobuf import json_format

from seedbed.trainer.loop.distributed import ProcessGroup
from seedbed.trainer.loop.job import CHECKPOINT, METRICS, Job
from seedbed.trainer.loop.loop import Diverged, Hooks, Loop, Stopped
from seedbed.trainer.loop.prepare import prepare
from seedbed.trainer.loop.result import save_result
from seedbed.trainer.loop.snapshot import Progress, load_snapshot, restore_rng_states, save_snapshot
from seedbed.trainer.loop.train import resume
from seedbed.trainer.service.disk import CannotWrite
from seedbed.trainer.v1.checkpoint_pb2 import CheckpointManifest
from tests.trainer.students import RECIPE, distilled, make_job, recipe, write_rows, write_tiny

CPU = torch.device("cpu")
LORA = {"rank": 4, "dropout": 0.2}
DISTILLED = [distilled(RECIPE["phases"][0], temperature=2)]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp("loop")
    write_rows(root / "dataset")
    write_tiny(root / "model")
    return root


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def job(place, **more):
    text = recipe(**more).canonical()
    return make_job(place / "work", place / "dataset", place / "model", recipe=text)


def group():
    return ProcessGroup(0, 1, CPU)


def open_loop(job: Job):
    prepared = prepare(job, CPU)
    torch.manual_seed(prepared.plan.recipe.seed)
    return Loop(prepared.plan, prepared.student, prepared.model, group(), bfloat16=False, sharded=False)


def hooks(stopping=lambda: False):
    return Hooks(stopping, lambda _row: None, lambda _loop: None)


def digest(loop):
    found = hashlib.sha256()
    for name, value in sorted(loop.model.state_dict().items()):
        found.update(name.encode() + value.numpy().tobytes())
    return found.hexdigest()


@contextmanager
def small_files(most):
    """No file can grow beyond so many bytes, as on a disk that has no more room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("lora", [None, LORA], ids=["full", "lora"])
@pytest.mark.parametrize("phases", [RECIPE["phases"], DISTILLED], ids=["supervised", "distilled"])
@pytest.mark.parametrize("looks", [4, 9])
def test_stopped_anywhere_and_taken_up_it_comes_to_the_same_weights(place, tmp_path, lora, phases, looks):
    undisturbed = open_loop(job(place, lora=lora, phases=phases))
    undisturbed.run(hooks())

    seen = []

    def stopping():
        # Between steps and in the middle of one.
        seen.append(1)
        return len(seen) >= looks

    first = open_loop(job(place, lora=lora, phases=phases))
    with pytest.raises(Stopped):
        first.run(hooks(stopping))
    save_snapshot(tmp_path / "1", first.model, first.optimizer, first.chance, first.progress, group())

    second = open_loop(job(place, lora=lora, phases=phases))
    torch.rand(7)  # Whatever was drawn meanwhile.
    second.progress, chance = load_snapshot(tmp_path / "1", second.model, second.optimizer, group())
    restore_rng_states(chance, CPU)
    assert 0 < second.progress.step < len(second.plan.steps)
    second.run(hooks())

    assert digest(second) == digest(undisturbed)
    assert [row["loss"] for row in second.progress.metrics] == [
        row["loss"] for row in undisturbed.progress.metrics
    ]


def test_the_loss_falls_and_the_metrics_say_how(place):
    loop = open_loop(job(place))
    loop.run(hooks())
    rows = loop.progress.metrics
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert [row["step"] for row in rows] == list(range(1, len(rows) + 1))
    assert rows[0]["learning_rate"] == pytest.approx(0.005)
    assert rows[-1]["time_left"] == 0
    assert rows[-1]["epoch"] == 3
    assert sum(row["counted_tokens"] for row in rows) == loop.progress.counted
    assert all(row["memory"] > 0 and row["gradient_norm"] > 0 for row in rows)


@pytest.mark.parametrize("phases", [RECIPE["phases"], DISTILLED], ids=["supervised", "distilled"])
def test_packed_and_unpacked_have_the_same_course(place, phases):
    found = []
    for packing in (True, False):
        loop = open_loop(job(place, packing=packing, phases=phases))
        loop.run(hooks())
        found.append([row["loss"] for row in loop.progress.metrics])
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    assert found[0] == pytest.approx(found[1], rel=1e-3)


@pytest.mark.parametrize(
    ("after", "what_to_do"), [(0, "the weights it begins from are damaged"), (3, "lower `learning_rate`")]
)
def test_a_loss_that_is_no_number_ends_it(place, after, what_to_do):
    loop = open_loop(job(place))

    def damage(loop):
        if loop.progress.step == after:
            loop.model.lm_head.weight.data.fill_(math.nan)

    damage(loop)
    with pytest.raises(
        Diverged, match=f"phase kt1: the loss is no number any more at step {after + 1} of"
    ) as no:
        loop.run(Hooks(lambda: False, lambda _row: None, damage))
    assert what_to_do in no.value.hint
    assert loop.progress.step == after


@pytest.mark.parametrize("most", [20_000, 200_000], ids=["weights", "optimizer"])
def test_a_snapshot_that_has_no_room_leaves_nothing_behind(place, tmp_path, most):
    loop = open_loop(job(place))
    with pytest.raises(Stopped):
        loop.run(hooks(lambda: loop.progress.step > 0))
    with small_files(most), pytest.raises(CannotWrite, match="cannot write") as refused:
        save_snapshot(tmp_path / "1", loop.model, loop.optimizer, loop.chance, loop.progress, group())
    assert "make room there" in refused.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_that_has_no_room_leaves_nothing_behind(place):
    wanted = job(place)
    prepared = prepare(wanted, CPU)
    (wanted.work / METRICS).write_text("")
    with small_files(20_000), pytest.raises(CannotWrite, match="cannot write"):
        save_result(wanted, prepared, Progress(), group(), sharded=False)
    assert not (wanted.work / CHECKPOINT).exists()


def test_a_snapshot_of_another_recipe_is_not_taken_up(place, tmp_path):
    first = open_loop(job(place))
    with pytest.raises(Stopped):
        first.run(hooks(lambda: first.progress.step > 1))
    first.progress.phase = "another"
    save_snapshot(tmp_path / "1", first.model, first.optimizer, first.chance, first.progress, group())
    for phase, step in (("another", first.progress.step), ("its own", 0)):
        manifest = json_format.MessageToJson(CheckpointManifest(phase_digest=phase))
        wanted = job(place).model_copy(update={"snapshot": tmp_path / "1", "manifest": manifest})
        loop = open_loop(wanted)
        resume(wanted, loop, group())
        assert (loop.progress.step, loop.progress.phase) == (step, phase)


def test_an_adapter_learns_and_its_base_does_not(place):
    loop = open_loop(job(place, lora=LORA))
    before = loop.model.get_base_model().model.embed_tokens.weight.clone()
    loop.run(hooks())
    assert torch.equal(before, loop.model.get_base_model().model.embed_tokens.weight)
    assert loop.progress.metrics[-1]["loss"] < loop.progress.metrics[0]["loss"]
