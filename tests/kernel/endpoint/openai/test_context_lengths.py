"""The lengths that endpoints tell are read in the many ways they tell them."""

# ruff: noqa: E501  what endpoints say stands here as they say it

import pytest

from seedbed.kernel.endpoint.openai.context_lengths import Lengths, read_lengths

SAID = [
    (
        "This model's maximum context length is 4096 tokens. However, you requested 5811 tokens (1715 in the messages, 4096 in the completion). Please reduce the length of the messages or completion.",
        (4096, 1715, 0),
    ),
    (
        "'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's maximum context length is 4096 tokens and your request has 1715 input tokens (4096 > 4096 - 1715).",
        (4096, 1715, 0),
    ),
    (
        "max_tokens=4096 cannot be greater than max_model_len=2048. Please request fewer output tokens.",
        (2048, 0, 0),
    ),
    (
        "The decoder prompt (length 5000) is longer than the maximum model length of 4096. Make sure that",
        (4096, 5000, 0),
    ),
    (
        "You passed 5000 input tokens and requested 100 output tokens. However, the model's context length is only 4096 tokens, resulting in a maximum input length of 3996 tokens.",
        (4096, 5000, 0),
    ),
    (
        "message request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it \ntype exceed_context_size_error \nn_prompt_tokens 5000 \nn_ctx 4096",
        (4096, 5000, 0),
    ),
    ("the request exceeds the available context size (4096 tokens), try increasing it", (4096, 0, 0)),
    (
        "the request exceeds the available context size. try increasing the context size or enable context shift",
        (0, 0, 0),
    ),
    ("prompt is too long: 210000 tokens > 200000 maximum", (200000, 210000, 0)),
    (
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length or `max_tokens` and try again",
        (200000, 190000, 0),
    ),
    (
        "max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens for claude-3-opus-20240229",
        (0, 0, 4096),
    ),
    (
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 3000 `inputs` tokens and 2048 `max_new_tokens`",
        (4096, 3000, 0),
    ),
    ("Input validation error: `inputs` must have less than 4097 tokens. Given: 5000", (4097, 0, 0)),
    (
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
        (1048576, 1200000, 0),
    ),
    ("Input is too long for requested model.", (0, 0, 0)),
    (
        "The maximum tokens you requested exceeds the model limit of 4096. Try again with a maximum tokens value that is lower than 4096.",
        (0, 0, 4096),
    ),
    (
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
        (32768, 40000, 0),
    ),
    ("Please reduce the length of the messages or completion.", (0, 0, 0)),
    (
        "Request too large for model `llama` in organization `x` on tokens per minute (TPM): Limit 6000, Requested 7000, please reduce your message size and try again.",
        (6000, 0, 0),
    ),
    ("The input (5000 tokens) is longer than the model's context length (4096 tokens).", (4096, 5000, 0)),
    (
        "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a total of 5811 tokens: 1715 tokens from the input messages and 4096 tokens for the completion.",
        (4096, 1715, 0),
    ),
    (
        "This model's maximum prompt length is 131072 but the request contains 200000 tokens.",
        (131072, 200000, 0),
    ),
    (
        "This endpoint's maximum context length is 4096 tokens. However, you requested about 5811 tokens (1715 of text input, 4096 in the output). Please reduce",
        (4096, 1715, 0),
    ),
    (
        "too many tokens: size limit exceeded by 1000 tokens. Try using shorter or fewer inputs. The limit for this model is 4096 tokens.",
        (4096, 0, 0),
    ),
    (
        "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300000 tokens. Please reduce the length of the messages.",
        (272000, 300000, 0),
    ),
    ("The prompt is too long: 5000, model maximum context length: 4096", (4096, 5000, 0)),
    ("Requested tokens (5811) exceed context window of 4096", (4096, 0, 0)),
    ("Prompt length 5000 is greater than max_seq_len 4096", (4096, 5000, 0)),
    ("Range of input length should be [1, 30720]", (30720, 0, 0)),
    ("Range of max_tokens should be [1, 8192]", (0, 0, 8192)),
    ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", (0, 0, 8192)),
    (
        "`max_tokens` must be less than or equal to `32768`, the maximum value for `max_tokens` is less than the `context_window` for this model",
        (0, 0, 32768),
    ),
    (
        "max_tokens is too large: 8192. This model supports at most 4096 completion tokens, whereas you provided 8192.",
        (0, 0, 4096),
    ),
    ("loc body \nloc max_tokens \nmsg Input should be less than or equal to 4096", (0, 0, 4096)),
    ("the input length exceeds the context length", (0, 0, 0)),
    (
        "However, the model is loaded with context length of only 4096 tokens, which is not enough. Trying to keep the first 5000 tokens when context the overflows.",
        (4096, 0, 0),
    ),
    (
        "context length exceeded: your context is 40,000 tokens, the maximum context length of 32,768 tokens",
        (32768, 0, 0),
    ),
    ("max_tokens must be between 1 and 8192", (0, 0, 8192)),
    (
        "This model's maximum context length is 65536 tokens. However, you requested 70000 tokens (61808 in the messages, 8192 in the completion).",
        (65536, 61808, 0),
    ),
    (
        "Invalid 'max_tokens': integer above maximum value. Expected a value <= 16384, but got 32768 instead.",
        (0, 0, 16384),
    ),
]


@pytest.mark.parametrize(("words", "lengths"), SAID)
def test_context_prompt_and_reply_are_read(words, lengths):
    assert read_lengths(words) == Lengths(*lengths)


@pytest.mark.parametrize(
    "words",
    [
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "Unknown field max_tokens",
        "The prompt schema is not allowed",
        "temperature must be less than or equal to 1",
        "invalid model",
        "",
    ],
)
def test_what_is_about_something_else_tells_no_lengths(words):
    assert read_lengths(words) is None


def test_a_number_too_small_for_a_context_is_none():
    assert read_lengths("a context length of 12 tokens is exceeded") == Lengths()
