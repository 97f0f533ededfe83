"""A model of random weights, and a tokenizer to go with it: small enough for a real server in a test.

    python tiny_model.py FOLDER TEXT…

Run by a Python that has torch and transformers. What it writes means nothing, but where a schema binds it, it
ends its strings after a few words, so that replies come to their end.
"""

import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

_TEMPLATE = (
    "{% for message in messages %}<|begin|>{{ message['role'] }}\n{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|begin|>assistant\n{% endif %}"
)


def make_tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    """Byte-level BPE, learned from these texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=2000,
        special_tokens=["<|begin|>", "<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    whole = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|end|>")
    whole.chat_template = _TEMPLATE
    return whole


def make_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """Random weights, always the same."""
    torch.manual_seed(0)
    # vLLM's kernels for CPUs know heads of 32 and more.
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        eos_token_id=tokenizer.eos_token_id,
    )
    return LlamaForCausalLM(config)


def lean(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast) -> None:
    """Have it lean towards the end of a string, and away from escapes."""
    with torch.no_grad():
        # The same in every token, so that it comes through to the head whatever was read.
        model.model.embed_tokens.weight[:, 0] = 1.0
        for token, leaning in (('"', 0.45), ("\\", -2.0)):
            model.lm_head.weight[tokenizer.convert_tokens_to_ids(token), 0] = leaning


def main(folder: Path, texts: list[Path]) -> None:
    """Write both into a folder."""
    tokenizer = make_tokenizer([text.read_text(encoding="utf-8") for text in texts])
    model = make_model(tokenizer)
    lean(model, tokenizer)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
