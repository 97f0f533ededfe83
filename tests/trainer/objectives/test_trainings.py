"""Distillation by a trainer with all around it: a student comes nearer to its teacher."""

import shutil

import pytest
import torch
from torch.nn.functional import kl_div, log_softmax

from seedbed.kernel.errors import InputError
from seedbed.kernel.store.checkpoints import get_checkpoint, read_checkpoint_manifest
from seedbed.kernel.store.connect import open_store
from seedbed.trainer.data.dataset_rows import read_dataset
from seedbed.trainer.data.masks import make_sample
from seedbed.trainer.model.bases import find_base, pin_models
from seedbed.trainer.model.student import PackedModel, load_model, load_tokenizer, pack_samples
from seedbed.trainer.recipe import read_training_recipe
from seedbed.trainer.training import make_training, phase_digest
from seedbed.trainer.v1 import trainer_service_pb2 as pb
from seedbed.trainer.v1.checkpoint_pb2 import Base
from tests.trainer.students import RECIPE, SMALL, distilled, recipe, write_tiny
from tests.trainer.trainer_service import serving

SUCCEEDED = pb.TrainingState.TRAINING_STATE_SUCCEEDED
CPU = torch.device("cpu")


@pytest.fixture
async def store(file_store_url):
    return await open_store(file_store_url)


@pytest.fixture
async def trainer(bus, store, tmp_path):
    async with serving(bus, store, tmp_path / "cache") as trainer:
        yield trainer


async def trained(trainer, digest, model, text):
    asked = await trainer.train(digest, model, text)
    ended = await trainer.until(asked.name)
    assert ended.state == SUCCEEDED, ended.reason
    return ended


async def checkpoint(trainer, phase):
    return await get_checkpoint(trainer.store, phase.checkpoint, trainer.cache / "folders")


def divergence(teacher, student, rows):
    """The mean divergence of a student from a teacher over the tokens that count, by plain torch."""
    tokenizer = load_tokenizer(str(student), "student")
    lines = [pack_samples([make_sample(tokenizer, row, "keep")], CPU) for row in rows]
    models = [
        PackedModel(load_model(str(one), "it", recipe()).eval(), eager=False) for one in (teacher, student)
    ]
    with torch.no_grad():
        taught, found = (
            torch.cat([log_softmax(one.logits(line, line.places)[0], dim=1) for line in lines])
            for one in models
        )
    return float(kl_div(found, taught, reduction="batchmean", log_target=True))


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_student_from_scratch_comes_nearer_to_its_teacher(trainer, place, tmp_path):
    digest = await trainer.send(place / "dataset")
    first = {**RECIPE["phases"][0], "epochs": 8}
    taught = await trained(trainer, digest, "scratch", recipe(scratch=SMALL, phases=[first]).canonical())
    teacher = shutil.copytree(await checkpoint(trainer, taught.phases[-1]), tmp_path / "teacher")

    learner = distilled(first, teacher, weight=1)
    ended = await trained(trainer, digest, "scratch", recipe(scratch=SMALL, phases=[learner]).canonical())
    base, tuned = [await checkpoint(trainer, phase) for phase in ended.phases]
    assert ended.phases[0].recalled
    rows = [row for row in read_dataset(place / "dataset").rows if row.kind == "knowledge"][:8]
    before, after = (divergence(teacher, one, rows) for one in (base, tuned))
    assert after < 0.5 * before

    manifest = read_checkpoint_manifest(tuned)
    content = find_base(str(teacher), trust_callers=True).digest
    assert manifest.objective.name == "distil"
    assert [(one.name, one.digest) for one in manifest.objective.frozen] == [(str(teacher), content)]
    assert f"distilled from `{teacher}` at `{content}`" in (tuned / "README.md").read_text()
    # The teacher is part of what the training is: a changed one is another training.
    assert read_training_recipe(ended.recipe).phases[0].distil.digest == content


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_each_phase_has_an_objective_of_its_own(trainer, place):
    digest = await trainer.send(place / "dataset")
    first, second = RECIPE["phases"]
    plain = await trained(trainer, digest, place / "model", recipe().canonical())
    mixed = recipe(phases=[first, distilled(second, weight=0.3)]).canonical()
    ended = await trained(trainer, digest, place / "model", mixed)
    # A phase that is as it was is not trained again.
    assert [phase.recalled for phase in ended.phases] == [True, False]
    assert ended.phases[0].digest == plain.phases[0].digest
    assert ended.phases[1].digest != plain.phases[1].digest
    answer = await trainer.api.ListCheckpoints(pb.ListCheckpointsRequest(training=ended.name), None)
    supervised, tuned = answer.checkpoints
    assert not supervised.HasField("objective")
    assert [one.digest for one in tuned.objective.frozen] == [ended.base.digest]
    folder = await checkpoint(trainer, ended.phases[1])
    card = (folder / "README.md").read_text()
    assert "learning rate 0.01\n" in card
    assert "learning rate 0.01, distilled from its base at temperature 1, weight 0.3, this checkpoint" in card


async def test_a_teacher_that_cannot_be_is_refused_with_its_phase(trainer, place, tmp_path):
    digest = await trainer.send(place / "dataset")
    first = RECIPE["phases"][0]

    async def ask(teacher, **more):
        text = recipe(phases=[distilled(first, teacher, **more)]).canonical()
        return await trainer.train(digest, place / "model", text)

    with pytest.raises(InputError, match="phase kt1: there is no model /no/such/teacher"):
        await ask("/no/such/teacher")
    with pytest.raises(InputError, match=r"phase kt1: .* holds no model"):
        await ask(place / "dataset")
    teacher = write_tiny(tmp_path / "teacher", seed=5)
    with pytest.raises(InputError, match="and the training recipe means 0000") as refused:
        await ask(teacher, digest="0000")
    assert "leave `digest` out" in refused.value.hint
    assert await trainer.trainings.all() == []


def test_a_phase_depends_on_its_teachers_content_and_not_on_where_it_lies(place, tmp_path):
    def digest(teacher, **more):
        asked = recipe(phases=[distilled(RECIPE["phases"][0], teacher, **more)])
        found = pin_models(asked, trust_callers=True)
        training = make_training("0" * 64, Base(name="m", digest="d"), found)
        return phase_digest(training, found, "kt1", "rows")

    one, copy = write_tiny(tmp_path / "one", seed=5), tmp_path / "copy"
    shutil.copytree(one, copy)
    other = write_tiny(tmp_path / "other", seed=6)
    assert digest(one) == digest(copy)
    assert (
        len({digest(one), digest(other), digest("base"), digest(one, temperature=2), digest(one, weight=1)})
        == 5
    )
