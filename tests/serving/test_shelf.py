import shutil

import pytest

from seedbed.kernel.errors import InputError, NotFound
from seedbed.serving.shelf import Model, Shelf, Wish

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
