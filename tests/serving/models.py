"""A tiny model and an adapter for it: random weights that nevertheless differ from one another."""

from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from tests.servers.tiny_model import make_model, make_tokenizer


def make_weights(folder: Path) -> Path:
    """Write a whole model."""
    tokenizer = make_tokenizer(["The seed swells, and a root comes out of it. Water wakes the embryo."])
    tokenizer.save_pretrained(folder)
    make_model(tokenizer).save_pretrained(folder)
    return folder


def make_adapter(weights: Path, folder: Path) -> Path:
    """Write an adapter for it, which names it as its base."""
    torch.manual_seed(1)
    config = LoraConfig(r=8, lora_alpha=64, target_modules="all-linear", init_lora_weights=False)
    get_peft_model(AutoModelForCausalLM.from_pretrained(weights), config).save_pretrained(str(folder))
    return folder
