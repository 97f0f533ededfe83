"""Models of other kinds: hybrids and state spaces, models that see, GGUF files, odd tokenizers."""

import pytest
import torch

from seedbed.kernel.errors import InputError, ItemError
from seedbed.trainer.loop.prepare import prepare
from seedbed.trainer.model.bases import find_base
from seedbed.trainer.model.student import NoModel, pack_samples
from tests.trainer.models import write_gguf, write_hybrid, write_seeing
from tests.trainer.students import RECIPE, make_job, recipe, tokenizer, write_tiny

CPU = torch.device("cpu")


def ready(place, model, **more):
    return prepare(make_job(place / "work", place / "dataset", model, **more), CPU)


def test_a_tokenizer_beyond_its_embedding_is_named(place, tmp_path):
    write_tiny(tmp_path)
    made = tokenizer()
    made.add_tokens(["<|seed|>"])
    made.save_pretrained(tmp_path)
    assert ready(place, tmp_path).plan.samples
    made.chat_template = made.chat_template.replace("<|end|>", "<|seed|>")
    made.save_pretrained(tmp_path)
    with pytest.raises(NoModel, match=r"tokens, and the model's embedding \d+ rows.*<\|seed\|>") as refused:
        ready(place, tmp_path)
    assert "resize_token_embeddings" in refused.value.hint


@pytest.mark.parametrize("kind", ["GraniteMoeHybrid", "Lfm2", "Mamba2"])
def test_hybrid_and_state_space_models_train_unpacked(place, tmp_path, kind):
    write_hybrid(tmp_path, kind)
    found = ready(place, tmp_path, recipe=recipe(packing=False).canonical())
    assert {len(row) for step in found.plan.steps for row in step.rows} == {1}
    losses = [found.student(pack_samples([sample], CPU)).detach() for sample in found.plan.samples[:2]]
    assert all(loss > 0 for loss in losses)


def test_a_model_whose_samples_see_one_another_is_not_packed(place, tmp_path):
    write_hybrid(tmp_path, "Mamba2")
    with pytest.raises(ItemError, match="see one another") as refused:
        ready(place, tmp_path)
    assert "packing: false" in refused.value.hint


@pytest.mark.parametrize("targets", [[], ["q_proj"]])
def test_the_tower_of_a_model_that_sees_is_left_alone(place, tmp_path, targets):
    write_seeing(tmp_path)
    found = ready(place, tmp_path, recipe=recipe(lora={"rank": 4, "targets": targets}).canonical())
    learning = [name for name, _ in found.student.trained()]
    assert learning
    assert all(".language_model." in name for name in learning)


def test_a_model_that_sees_bounds_the_longest_sample_too(place, tmp_path):
    write_seeing(tmp_path)
    long = {**RECIPE["phases"][0], "context": 4096}
    assert (
        ready(place, tmp_path, recipe=recipe(pack_tokens=0, phases=[long]).canonical()).plan.phase.context
        == 512
    )


def test_a_gguf_file_is_a_model(place, tmp_path):
    file = write_gguf(tmp_path / "student.gguf")
    base = find_base(str(file), trust_callers=True)
    assert base.name == str(file)
    assert len(base.digest) == 64
    found = ready(place, file)
    assert found.plan.samples
    with pytest.raises(InputError, match="takes no folders"):
        find_base(str(file), trust_callers=False)


def test_a_gguf_file_needs_its_package(tmp_path, monkeypatch):
    file = tmp_path / "student.gguf"
    file.write_bytes(b"GGUF")
    monkeypatch.setattr("seedbed.kernel.weights.find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"student\.gguf is a GGUF file") as refused:
        find_base(str(file), trust_callers=True)
    assert "seedbed[trainer]" in refused.value.hint
    with pytest.raises(InputError, match="there is no file"):
        find_base(str(tmp_path / "other.gguf"), trust_callers=True)
