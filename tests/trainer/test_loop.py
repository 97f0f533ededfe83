"""The loop: stopped anywhere and taken up, it comes to the same weights, bit for bit."""

import hashlib
import math

import pytest
import torch

from seedbed.trainer.course import prepare
from seedbed.trainer.job import Job
from seedbed.trainer.loop import Diverged, Hooks, Loop, Stopped
from seedbed.trainer.ranks import Ranks
from seedbed.trainer.snapshot import load_snapshot, restore_chance, save_snapshot
from tests.trainer.students import make_job, recipe, write_rows, write_tiny

CPU = torch.device("cpu")
LORA = {"rank": 4, "dropout": 0.2}


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


def open_loop(job: Job):
    prepared = prepare(job, CPU)
    ranks = Ranks(0, 1, CPU)
    torch.manual_seed(prepared.course.recipe.seed)
    return Loop(prepared.course, prepared.student, prepared.model, ranks, bfloat16=False, sharded=False)


def hooks(stopping=lambda: False):
    return Hooks(stopping, lambda _row: None, lambda _loop: None)


def digest(loop):
    found = hashlib.sha256()
    for name, value in sorted(loop.model.state_dict().items()):
        found.update(name.encode() + value.numpy().tobytes())
    return found.hexdigest()


@pytest.mark.parametrize("lora", [None, LORA], ids=["full", "lora"])
@pytest.mark.parametrize("looks", [4, 9])
def test_stopped_anywhere_and_taken_up_it_comes_to_the_same_weights(place, tmp_path, lora, looks):
    undisturbed = open_loop(job(place, lora=lora))
    undisturbed.run(hooks())

    seen = []

    def stopping():
        # Between steps and in the middle of one.
        seen.append(1)
        return len(seen) >= looks

    first = open_loop(job(place, lora=lora))
    with pytest.raises(Stopped):
        first.run(hooks(stopping))
    ranks = Ranks(0, 1, CPU)
    save_snapshot(tmp_path / "1", first.model, first.optimizer, first.chance, first.progress, ranks)

    second = open_loop(job(place, lora=lora))
    torch.rand(7)  # Whatever was drawn meanwhile.
    second.progress, chance = load_snapshot(tmp_path / "1", second.model, second.optimizer, ranks)
    restore_chance(chance, CPU)
    assert 0 < second.progress.step < len(second.course.steps)
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


def test_packed_and_unpacked_have_the_same_course(place):
    found = []
    for packing in (True, False):
        loop = open_loop(job(place, packing=packing))
        loop.run(hooks())
        found.append([row["loss"] for row in loop.progress.metrics])
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    assert found[0] == pytest.approx(found[1], rel=1e-3)


def test_a_loss_that_is_no_number_ends_it(place):
    loop = open_loop(job(place))
    loop.model.lm_head.weight.data.fill_(math.nan)
    with pytest.raises(Diverged, match="phase kt1: the loss is no number any more at step 1 of"):
        loop.run(hooks())
    assert loop.progress.step == 0


def test_an_adapter_learns_and_its_base_does_not(place):
    loop = open_loop(job(place, lora=LORA))
    before = loop.model.get_base_model().model.embed_tokens.weight.clone()
    loop.run(hooks())
    assert torch.equal(before, loop.model.get_base_model().model.embed_tokens.weight)
    assert loop.progress.metrics[-1]["loss"] < loop.progress.metrics[0]["loss"]
