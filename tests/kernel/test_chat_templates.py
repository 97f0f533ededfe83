"""How models are talked to: what an answer says beside its template's signs, and where it ends."""

from types import SimpleNamespace

import pytest

from seedbed.kernel.chat_templates import end_tokens, form_of, read_answer
from tests.trainer.templates import OWN, tokenizer_for

CHATML = """{% for m in messages %}<|im_start|>{{ m.role }}
{{ m.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


def read(made, text, *, whole=True):
    return read_answer(made, made(text, add_special_tokens=False)["input_ids"], whole=whole)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("qwen3", "<think>\n\n</think>\n\nhi<|im_end|>"),
        ("qwen3", "<think>\nit says hi\n</think>\n\nhi<|im_end|>"),
        ("qwen3", "hi<|im_end|>"),
        ("glm", "\n<think></think>\nhi<eos>"),
        ("gpt-oss", "<|channel|>final<|message|>hi<|return|>"),
        (
            "gpt-oss",
            "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>hi<|return|>",
        ),
        ("llama-3", "hi<|eot_id|>"),
        ("mistral", " hi</s>"),
        ("thinker", "\n</think>\n\nhi<|im_end|>"),
    ],
)
def test_an_answer_is_read_without_what_comes_before_it(name, text):
    assert read(tokenizer_for(OWN[name]), text) == "hi"


def test_of_a_thought_that_goes_on_nothing_is_said_yet():
    made = tokenizer_for(OWN["qwen3"])
    assert read(made, "<think>\nhm", whole=False) == ""
    assert read(made, "hi", whole=False) == "hi"
    assert read(made, "<think>\nhm") == "<think>\nhm"


def test_words_that_end_a_turn_end_an_answer_where_there_is_no_token_for_it():
    made = tokenizer_for(CHATML, tokens=False)
    assert form_of(made).written == "<|im_end|>"
    assert read(made, "hi<|im_end|><eos>") == "hi"
    assert form_of(tokenizer_for(CHATML)).written == ""


def test_every_end_is_known_that_anybody_names():
    made = tokenizer_for(CHATML)
    configs = [SimpleNamespace(eos_token_id=7), SimpleNamespace(eos_token_id=[8, 7]), SimpleNamespace(), None]
    own = made.convert_tokens_to_ids(["<eos>", "<|im_end|>"])
    assert end_tokens(made, configs) == [*own, 7, 8]
