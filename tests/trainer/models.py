"""Tiny models of other kinds than the usual, each in a folder or a file."""

import json
from pathlib import Path
from typing import Any

import torch
import transformers

from tests.trainer.students import tiny, tokenizer

_COMMON: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
}
_MAMBA: dict[str, Any] = {"mamba_n_heads": 8, "mamba_d_head": 8, "mamba_d_state": 16, "mamba_n_groups": 1}
_KINDS: dict[str, dict[str, Any]] = {
    "GraniteMoeHybrid": {
        **_COMMON,
        **_MAMBA,
        "layer_types": ["mamba", "attention"],
        "num_local_experts": 2,
        "num_experts_per_tok": 1,
        "shared_intermediate_size": 32,
    },
    "Lfm2": {**_COMMON, "layer_types": ["conv", "full_attention"]},
    "Mamba2": {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "head_dim": 8,
        "num_heads": 8,
        "state_size": 16,
        "n_groups": 1,
    },
}


def write_hybrid(folder: Path, kind: str) -> Path:
    """A model with layers that carry a state along the text."""
    made = tokenizer()
    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(vocab_size=len(made), **_KINDS[kind])
    getattr(transformers, f"{kind}ForCausalLM")(config).save_pretrained(folder)
    made.save_pretrained(folder)
    return folder


def write_seeing(folder: Path) -> Path:
    """A model that takes pictures as well."""
    made = tokenizer()
    text = {**_COMMON, "vocab_size": len(made), "head_dim": 8, "sliding_window": 64}
    vision = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 28,
        "patch_size": 14,
    }
    torch.manual_seed(0)
    config = transformers.Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4)
    transformers.Gemma3ForConditionalGeneration(config).save_pretrained(folder)
    made.save_pretrained(folder)
    return folder


def write_gguf(file: Path) -> Path:
    """A tiny Llama as llama.cpp keeps it."""
    import gguf  # noqa: PLC0415  the tests that need it are skipped without it

    made = tokenizer()
    model = tiny(len(made))
    config, state = model.config, model.state_dict()
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_license("apache-2.0")
    writer.add_context_length(512)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(len(made))
    writer.add_tokenizer_model("gpt2")
    names = made.convert_ids_to_tokens(list(range(len(made))))
    special = set(made.all_special_tokens)
    writer.add_token_list(names)
    writer.add_token_types([3 if name in special else 1 for name in names])
    merges = json.loads(made.backend_tokenizer.to_str())["model"]["merges"]
    writer.add_token_merges([" ".join(merge) for merge in merges])
    writer.add_eos_token_id(made.eos_token_id)
    writer.add_pad_token_id(made.pad_token_id)
    writer.add_chat_template(made.chat_template)
    names_of = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    for name, value in state.items():
        if name != "lm_head.weight":
            stem, _, kind = name.rpartition(".")
            writer.add_tensor(f"{names_of.get_name(stem)}.{kind}", value.float().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file
