import json
import shutil

import pytest
from transformers import AutoConfig

from seedbed.kernel.errors import InputError, NotFound
from seedbed.serving.loaded_models import GenerationOptions, LoadedModels, Model
from tests.trainer.models import write_gguf

ASKED = [{"role": "user", "content": "What wakes the embryo?"}]
SHORT = GenerationOptions(max_tokens=12)


def test_an_adapter_answers_beside_the_base_it_stands_on(models, weights):
    alone = LoadedModels([Model("base", str(weights))]).answer("base", ASKED, SHORT)
    tuned = models.answer("tuned", ASKED, SHORT)
    # Asked after the adapter was worn, so that a base that kept it on would show.
    assert models.answer("base", ASKED, SHORT) == alone
    assert tuned.text != alone.text


def test_equal_seeds_give_equal_answers(models):
    options = GenerationOptions(max_tokens=12, temperature=1.0, seed=7)
    assert models.answer("tuned", ASKED, options) == models.answer("tuned", ASKED, options)
    assert models.answer("tuned", ASKED, options) != models.answer(
        "tuned", ASKED, GenerationOptions(12, 1.0, seed=8)
    )


def test_an_answer_that_was_cut_is_not_whole(models):
    reply = models.answer("base", ASKED, GenerationOptions(max_tokens=3))
    assert (reply.completion_tokens, reply.whole) == (3, False)


def test_a_conversation_beyond_the_window_is_refused(models):
    long = [{"role": "user", "content": "seed " * 9000}]
    with pytest.raises(InputError, match="tokens"):
        models.answer("base", long, SHORT)


def test_a_model_that_is_not_served_is_named_beside_those_that_are(models):
    with pytest.raises(NotFound, match="no model 'other'") as caught:
        models.answer("other", ASKED, SHORT)
    assert "base, tuned" in caught.value.hint


def test_what_holds_no_model_is_refused(tmp_path, weights):
    with pytest.raises(InputError, match="no causal language model"):
        LoadedModels([Model("m", str(tmp_path))])
    with pytest.raises(InputError, match="no adapter"):
        LoadedModels([Model("m", str(weights), str(tmp_path))])


def test_a_model_without_a_chat_template_is_refused(weights, tmp_path):
    bare = shutil.copytree(weights, tmp_path / "bare")
    (bare / "chat_template.jinja").unlink()
    with pytest.raises(InputError, match="no chat template"):
        LoadedModels([Model("m", str(bare))]).answer("m", ASKED, SHORT)


def test_it_stops_at_every_end_that_model_and_adapter_name(weights, adapter, tmp_path):
    plain, worn = shutil.copytree(weights, tmp_path / "plain"), shutil.copytree(adapter, tmp_path / "worn")
    anything = json.dumps({"eos_token_id": list(range(AutoConfig.from_pretrained(plain).vocab_size))})
    (worn / "generation_config.json").write_text(anything)
    models = LoadedModels([Model("base", str(plain)), Model("tuned", str(plain), str(worn))])
    assert models.answer("base", ASKED, SHORT).completion_tokens == 12
    reply = models.answer("tuned", ASKED, SHORT)
    assert (reply.completion_tokens, reply.whole) == (1, True)
    (plain / "generation_config.json").write_text(anything)
    assert LoadedModels([Model("base", str(plain))]).answer("base", ASKED, SHORT).completion_tokens == 1


def test_a_gguf_file_is_served(tmp_path):
    file = write_gguf(tmp_path / "student.gguf")
    models = LoadedModels([Model("student", str(file))])
    assert models.context("student") == 512
    assert models.answer("student", ASKED, SHORT).completion_tokens > 0
