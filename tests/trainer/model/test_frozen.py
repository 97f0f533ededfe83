"""Models beside the student: refused in words where they do not go with it, before anything is trained."""

import pytest
import torch

from seedbed.kernel.errors import ItemError
from seedbed.trainer.loop.prepare import prepare
from seedbed.trainer.model.frozen import DoesNotFit
from seedbed.trainer.model.scratch import make_tokenizer
from seedbed.trainer.model.student import NoModel, pack_samples
from tests.trainer.models import write_hybrid
from tests.trainer.students import RECIPE, distilled, make_job, recipe, tiny, tokenizer, write_tiny

CPU = torch.device("cpu")


def ready(place, teacher, *, phase="kt1", last=True, **more):
    """A phase, of a recipe whose last or only phase is distilled."""
    first, second = RECIPE["phases"]
    phases = [first, distilled(second, teacher)] if last else [distilled(first, teacher)]
    text = recipe(phases=phases, **more).canonical()
    return prepare(
        make_job(place / "work", place / "dataset", place / "model", recipe=text, phase=phase), CPU
    )


def loss_of(found):
    line = pack_samples(found.plan.samples[:2], CPU)
    return found.student(line, found.plan.loss(line))


def write_teacher(folder, vocabulary, width=None, **config):
    vocabulary.save_pretrained(folder)
    model = tiny(width or len(vocabulary), seed=3)
    model.config.update(config)
    model.save_pretrained(folder)
    return folder


def test_the_base_is_at_hand_as_a_teacher(place):
    found = ready(place, "base", last=False)
    assert loss_of(found).detach() > 0
    assert not any("teacher" in name or "frozen" in name for name, _ in found.student.named_parameters())


@pytest.mark.parametrize("last", [True, False])
def test_another_vocabulary_is_refused_before_the_first_phase(place, tmp_path, last):
    other = make_tokenizer(("quite other words " * 3,), 330, 512)
    teacher = write_teacher(tmp_path / "teacher", other)
    with pytest.raises(DoesNotFit, match="has another vocabulary than the student") as refused:
        ready(place, teacher, last=last)
    assert str(teacher) in refused.value.message
    assert "number" in refused.value.message
    assert "student's tokenizer" in refused.value.hint


def test_a_token_of_its_own_is_named(place, tmp_path):
    other = tokenizer()
    other.add_tokens(["<|thought|>"])
    with pytest.raises(DoesNotFit, match=r"'<\|thought\|>' is number \d+ of its own alone"):
        ready(place, write_teacher(tmp_path / "teacher", other))


@pytest.mark.parametrize("more", [-3, 64])
def test_a_head_of_another_width_is_no_other_vocabulary(place, tmp_path, more):
    made = tokenizer()
    if more < 0:
        write_tiny(tmp_path / "model")
        tiny(len(made) + 64).save_pretrained(tmp_path / "model")
        place = _beside(place, tmp_path)
        more = 0
    assert loss_of(ready(place, write_teacher(tmp_path / "teacher", made, len(made) + more), last=False)) > 0


def _beside(place, folder):
    (folder / "dataset").symlink_to(place / "dataset")
    return folder


def test_a_teacher_that_is_not_there_is_refused_before_the_first_phase(place):
    with pytest.raises(NoModel, match="no-such-teacher"):
        ready(place, place / "no-such-teacher")


def test_a_teacher_that_reads_less_than_the_student_is_refused(place, tmp_path):
    teacher = write_teacher(tmp_path / "teacher", tokenizer(), max_position_embeddings=20)
    with pytest.raises(DoesNotFit, match="reads 20 tokens at most, and the longest sample has") as refused:
        ready(place, teacher, last=False)
    assert "`context: 20`" in refused.value.hint


def test_a_teacher_whose_samples_see_one_another_is_not_packed(place, tmp_path):
    teacher = write_hybrid(tmp_path / "teacher", "Mamba2")
    with pytest.raises(ItemError, match="teacher lets samples packed in a row see one another"):
        ready(place, teacher, last=False)
    assert loss_of(ready(place, teacher, last=False, packing=False)).detach() > 0
