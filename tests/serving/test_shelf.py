import json
import shutil

import pytest
from transformers import AutoConfig

from seedbed.kernel.errors import InputError, NotFound
from seedbed.serving.shelf import Model, Shelf, Wish
from tests.trainer.models import write_gguf

ASKED = [{"role": "user", "content": "What wakes the embryo?"}]
SHORT = Wish(max_tokens=12)


def test_an_adapter_answers_beside_the_base_it_stands_on(shelf, weights):
    alone = Shelf([Model("base", str(weights))]).answer("base", ASKED, SHORT)
    tuned = shelf.answer("tuned", ASKED, SHORT)
    # Asked after the adapter was worn, so that a base that kept it on would show.
    assert shelf.answer("base", ASKED, SHORT) == alone
    assert tuned.text != alone.text


def test_equal_seeds_give_equal_answers(shelf):
    wish = Wish(max_tokens=12, temperature=1.0, seed=7)
    assert shelf.answer("tuned", ASKED, wish) == shelf.answer("tuned", ASKED, wish)
    assert shelf.answer("tuned", ASKED, wish) != shelf.answer("tuned", ASKED, Wish(12, 1.0, seed=8))


def test_an_answer_that_was_cut_is_not_whole(shelf):
    reply = shelf.answer("base", ASKED, Wish(max_tokens=3))
    assert (reply.completion_tokens, reply.whole) == (3, False)


def test_a_conversation_beyond_the_window_is_refused(shelf):
    long = [{"role": "user", "content": "seed " * 9000}]
    with pytest.raises(InputError, match="tokens"):
        shelf.answer("base", long, SHORT)


def test_a_model_that_is_not_served_is_named_beside_those_that_are(shelf):
    with pytest.raises(NotFound, match="no model 'other'") as caught:
        shelf.answer("other", ASKED, SHORT)
    assert "base, tuned" in caught.value.hint


def test_what_holds_no_model_is_refused(tmp_path, weights):
    with pytest.raises(InputError, match="no causal language model"):
        Shelf([Model("m", str(tmp_path))])
    with pytest.raises(InputError, match="no adapter"):
        Shelf([Model("m", str(weights), str(tmp_path))])


def test_a_model_without_a_chat_template_is_refused(weights, tmp_path):
    bare = shutil.copytree(weights, tmp_path / "bare")
    (bare / "chat_template.jinja").unlink()
    with pytest.raises(InputError, match="no chat template"):
        Shelf([Model("m", str(bare))]).answer("m", ASKED, SHORT)


def test_it_stops_at_every_end_that_model_and_adapter_name(weights, adapter, tmp_path):
    plain, worn = shutil.copytree(weights, tmp_path / "plain"), shutil.copytree(adapter, tmp_path / "worn")
    anything = json.dumps({"eos_token_id": list(range(AutoConfig.from_pretrained(plain).vocab_size))})
    (worn / "generation_config.json").write_text(anything)
    shelf = Shelf([Model("base", str(plain)), Model("tuned", str(plain), str(worn))])
    assert shelf.answer("base", ASKED, SHORT).completion_tokens == 12
    reply = shelf.answer("tuned", ASKED, SHORT)
    assert (reply.completion_tokens, reply.whole) == (1, True)
    (plain / "generation_config.json").write_text(anything)
    assert Shelf([Model("base", str(plain))]).answer("base", ASKED, SHORT).completion_tokens == 1


def test_a_gguf_file_is_served(tmp_path):
    file = write_gguf(tmp_path / "student.gguf")
    shelf = Shelf([Model("student", str(file))])
    assert shelf.context("student") == 512
    assert shelf.answer("student", ASKED, SHORT).completion_tokens > 0
