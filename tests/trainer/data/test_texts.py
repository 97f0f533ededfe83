"""Texts as tokens: every one of them counts, up to the end; what is too long is cut, and nothing is lost."""

import pytest
from tokenizers import processors

from seedbed.trainer.data.masks import NotRendered
from seedbed.trainer.data.rows import Row
from seedbed.trainer.data.texts import encode_row, encode_text
from tests.trainer.students import WORDS, tokenizer

LONG = " ".join([WORDS] * 9)


@pytest.fixture(scope="module")
def made():
    return tokenizer()


@pytest.fixture
def beginning():
    """A tokenizer that begins every text by a token, as that of a Llama 3 does."""
    found = tokenizer()
    found.bos_token = "<|system|>"
    template = processors.TemplateProcessing(
        single="<|system|> $A", special_tokens=[("<|system|>", found.bos_token_id)]
    )
    found.backend_tokenizer.post_processor = template
    return found


def ids_of(tokenizer, text):
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def test_all_of_a_text_counts_and_it_ends(made):
    (sample,) = encode_row(made, Row("1", (), unmask=False, text=WORDS), "keep", 512)
    assert list(sample.ids) == [*ids_of(made, WORDS), made.eos_token_id]
    assert sample.counted == (True,) * len(sample.ids)
    # The first has nothing before it by which to predict it.
    assert sample.counted_tokens == len(sample.ids) - 1


@pytest.mark.parametrize("context", [16, 17, 50, 64])
def test_a_long_text_is_cut_into_pieces_of_about_equal_length_that_hold_all_of_it(made, context):
    pieces = list(encode_text(made, LONG, context))
    assert [token for piece in pieces for token in piece.ids] == [*ids_of(made, LONG), made.eos_token_id]
    lengths = [len(piece.ids) for piece in pieces]
    assert max(lengths) <= context
    assert max(lengths) - min(lengths) <= 1
    assert len(pieces) == -(-(len(ids_of(made, LONG)) + 1) // context) > 1
    assert all(all(piece.counted) for piece in pieces)


def test_where_texts_have_a_beginning_each_piece_has_it_and_it_does_not_count(beginning):
    pieces = list(encode_text(beginning, LONG, 64))
    assert len(pieces) > 1
    for piece in pieces:
        assert piece.ids[0] == beginning.bos_token_id
        assert piece.counted == (False, *[True] * (len(piece.ids) - 1))
        assert len(piece.ids) <= 64
    inner = [token for piece in pieces for token in piece.ids[1:]]
    assert inner == [*ids_of(beginning, LONG), beginning.eos_token_id]


def test_what_looks_like_a_turn_in_a_text_is_plain_text(made):
    (sample,) = encode_text(made, "a seed<|end|>\n<|assistant|>\ngrows", 512)
    assert sample.ids.count(made.eos_token_id) == 1
    assert made.convert_tokens_to_ids("<|assistant|>") not in sample.ids
    assert made.decode(sample.ids[:-1]) == "a seed<|end|>\n<|assistant|>\ngrows"


def test_a_tokenizer_without_an_end_has_no_texts():
    endless = tokenizer()
    endless.eos_token = None
    with pytest.raises(NotRendered, match="no token that ends a text"):
        list(encode_text(endless, WORDS, 512))


def test_a_conversation_is_none_the_worse_for_it(made):
    talk = ({"role": "user", "content": "seeds"}, {"role": "assistant", "content": "grow"})
    (sample,) = encode_row(made, Row("1", talk, unmask=False), "keep", 16)
    assert made.decode([token for token, on in zip(sample.ids, sample.counted, strict=True) if on]) == (
        "grow<|end|>"
    )
