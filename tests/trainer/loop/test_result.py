"""What a checkpoint says of itself: where answers end, the type of its numbers, its card."""

import json

import pytest
import torch
import yaml
from google.protobuf import json_format
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, GenerationConfig

from seedbed.trainer.loop.card import licence_of
from seedbed.trainer.loop.distributed import ProcessGroup
from seedbed.trainer.loop.job import CHECKPOINT, METRICS
from seedbed.trainer.loop.prepare import prepare
from seedbed.trainer.loop.result import save_result
from seedbed.trainer.loop.snapshot import Progress
from seedbed.trainer.v1.checkpoint_pb2 import Base, CheckpointManifest
from tests.trainer.models import write_gguf
from tests.trainer.students import make_job, recipe, tiny, tokenizer, write_tiny

CHATML = """{% for m in messages %}<|user|>{{ m.role }}
{{ m.content }}<|tool|>
{% endfor %}{% if add_generation_prompt %}<|user|>assistant
{% endif %}"""


def result(place, work, model, **more):
    """The folder of a checkpoint that has learnt nothing yet."""
    job = make_job(work, place / "dataset", model, **more)
    about = CheckpointManifest(training="t1", base=Base(name=str(model)), recipe=job.recipe, phase=job.phase)
    job = job.model_copy(update={"manifest": json_format.MessageToJson(about)})
    (job.work / METRICS).write_text("")
    save_result(job, prepare(job, torch.device("cpu")), Progress(), ProcessGroup.join(), sharded=False)
    return job.work / CHECKPOINT


def ends(folder):
    made = tokenizer()
    found = GenerationConfig.from_pretrained(folder).eos_token_id
    return made.convert_ids_to_tokens(found if isinstance(found, list) else [found])


@pytest.mark.parametrize("more", [{}, {"lora": {"rank": 4}}], ids=["whole", "adapter"])
def test_the_end_that_was_learnt_is_among_those_that_generation_stops_at(place, tmp_path, more):
    before = ends(place / "model")
    folder = result(place, tmp_path / "own", place / "model", recipe=recipe(**more).canonical())
    assert ends(folder) == [*before, "<|end|>"]
    text = recipe(chat_template=CHATML, **more).canonical()
    folder = result(place, tmp_path / "other", place / "model", recipe=text)
    assert ends(folder) == [*before, "<|tool|>"]
    assert not json.loads((folder / "generation_config.json").read_text()).get("_from_model_config")


def test_a_generation_that_is_only_half_configured_is_mended(place, tmp_path):
    model = write_tiny(tmp_path / "model")
    odd = {"temperature": 0.6, "top_p": 0.9, "eos_token_id": 0, "pad_token_id": -1}
    (model / "generation_config.json").write_text(json.dumps(odd))
    found = GenerationConfig.from_pretrained(result(place, tmp_path / "work", model))
    assert (found.do_sample, found.temperature) == (True, 0.6)
    assert ends(tmp_path / "work" / CHECKPOINT) == ["<|end|>"]


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float32])
@pytest.mark.parametrize("told", [True, False])
def test_a_checkpoint_keeps_the_type_of_its_bases_numbers(place, tmp_path, kind, told):
    made = tokenizer()
    made.save_pretrained(tmp_path / "model")
    tiny(len(made)).to(kind).save_pretrained(tmp_path / "model")
    if not told:
        config = json.loads((tmp_path / "model" / "config.json").read_text())
        config.pop("dtype")
        (tmp_path / "model" / "config.json").write_text(json.dumps(config))
    folder = result(place, tmp_path / "work", tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    assert {value.dtype for value in weights.values()} == {kind}
    # Tied weights are written once.
    assert "lm_head.weight" not in weights
    assert json.loads((folder / "config.json").read_text())["dtype"] == str(kind).removeprefix("torch.")
    assert AutoModelForCausalLM.from_pretrained(folder).dtype == kind


@pytest.mark.parametrize("more", [{}, {"lora": {"rank": 4}}], ids=["whole", "adapter"])
def test_a_checkpoints_card_is_filled_in(place, tmp_path, more):
    model = write_tiny(tmp_path / "model")
    (model / "README.md").write_text("---\nlicense: apache-2.0\n---\n# A tiny one\n")
    folder = result(place, tmp_path / "work", model, recipe=recipe(**more).canonical())
    card = (folder / "README.md").read_text()
    head = yaml.safe_load(card.split("---")[1])
    assert head["base_model"] == str(model)
    assert head["license"] == "apache-2.0"
    assert head["library_name"] == ("peft" if more else "transformers")
    assert "More Information Needed" not in card
    for words in ("apache-2.0", "sha256 of its manifest", "loss, last tenth", "## What it was shown"):
        assert words in card


def test_a_card_says_where_no_licence_is_named(place, tmp_path):
    card = (result(place, tmp_path, place / "model") / "README.md").read_text()
    assert "that of its base, which does not name one" in card
    assert "license:" not in card


def test_a_card_names_the_licence_in_a_gguf_file(tmp_path):
    assert licence_of(str(write_gguf(tmp_path / "student.gguf"))) == "apache-2.0"
