"""Tiny real students: Llamas of a few thousand weights that can be told apart."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lm_eval", reason="students need the extra `evaluator`")

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

# Threads that wait for each other by spinning take minutes where other processes compute.
torch.set_num_threads(1)

TEMPLATE = (
    "{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Bytes, the end, and the turns of a chat."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = ["</s>", "<system>", "<user>", "<assistant>", *alphabet]
    tokenizer = Tokenizer(models.BPE(vocab={word: n for n, word in enumerate(words)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="</s>",
        pad_token="</s>",
        additional_special_tokens=["<system>", "<user>", "<assistant>"],
    )
    made.chat_template = TEMPLATE
    return made


def make_student(folder: Path, seed: int = 0) -> Path:
    """A whole student in a folder."""
    tokenizer = make_tokenizer()
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=512,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=0,
            pad_token_id=0,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def teach(
    base: Path, folder: Path, texts: list[tuple[str, str]], *, steps: int = 160, lora: bool = False
) -> Path:
    """A student that has learned a few answers by heart."""
    tokenizer = make_tokenizer()
    model: Any = LlamaForCausalLM.from_pretrained(base)
    torch.manual_seed(1)
    if lora:
        model = get_peft_model(model, LoraConfig(r=8, target_modules="all-linear"))
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    rows = [
        tokenizer(f"<user>{question}</s><assistant>{answer}</s>")["input_ids"] for question, answer in texts
    ]
    model.train()
    for step in range(steps):
        row = torch.tensor([rows[step % len(rows)]])
        model(input_ids=row, labels=row).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
