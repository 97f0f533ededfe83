"""A student from scratch: a tokenizer and an untrained model, for rehearsals without any weights.

Its tokenizer is made from the run's own text and from general text that comes with the package; its first
phase learns the general text, so that what it gains later is what the leaves taught it. It is named as what
it is, and never chosen silently.
"""

from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any

import torch
import yaml
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from seedbed.trainer.data.rows import Row
from seedbed.trainer.model.attention import SEGMENTS, register
from seedbed.trainer.recipe import BASE, Phase, Scratch, TrainingRecipe

NAME = "scratch"
END, PAD = "<|end|>", "<|pad|>"
_ROLES = ("system", "user", "assistant", "tool")
_TEMPLATE = """\
{%- for message in messages -%}
<|{{ message['role'] }}|>
{{ message['content'] }}<|end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|assistant|>
{% endif -%}"""


def make_tokenizer(texts: Iterable[str], vocabulary: int, context: int) -> Any:
    """A byte-level tokenizer for these texts, with a chat template."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    # Offsets with the white space in them: it counts as well.
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    special = [END, PAD, *(f"<|{role}|>" for role in _ROLES)]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=special[2:],
        chat_template=_TEMPLATE,
        model_max_length=context,
    )


def make_model(scratch: Scratch, tokenizer: Any, seed: int) -> Any:
    """A model with random weights, of the size that the recipe gives."""
    register()
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=scratch.hidden,
        intermediate_size=scratch.intermediate,
        num_hidden_layers=scratch.layers,
        num_attention_heads=scratch.heads,
        num_key_value_heads=scratch.key_value_heads,
        max_position_embeddings=scratch.context,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        attn_implementation=SEGMENTS,
    )
    return LlamaForCausalLM(config)


def base_phase(recipe: TrainingRecipe) -> Phase:
    """The phase in which it learns its first words."""
    scratch = recipe.scratch
    return Phase.model_construct(
        name=BASE,
        data=(),
        external=(),
        replay=(),
        learning_rate=scratch.learning_rate,
        warmup=scratch.warmup,
        schedule="constant",
        floor=0,
        batch_samples=None,
        batch_tokens=scratch.batch_tokens,
        epochs=scratch.epochs,
        context=scratch.context,
    )


def read_general() -> list[dict[str, Any]]:
    """The general text: passages, each with questions and answers on it."""
    folder = files("seedbed.trainer").joinpath("general")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    return [
        passage
        for name in names
        for passage in yaml.safe_load(folder.joinpath(name).read_text(encoding="utf-8"))
    ]


def general_rows(system: str) -> list[Row]:
    """The general text as rows: each question alone and after its passage, in the dataset's own form."""
    before = ({"role": "system", "content": system},) if system.strip() else ()
    rows = []
    for number, passage in enumerate(read_general()):
        for place, (question, answer) in enumerate(passage["questions"].items()):
            said = {"role": "assistant", "content": answer}
            for name, text in (("closed", question), ("open", f"{passage['text'].strip()}\n\n{question}")):
                messages = (*before, {"role": "user", "content": text}, said)
                rows.append(Row(f"general/{number}/{place}/{name}", messages, unmask=name == "open"))
    return rows


def texts_of(rows: Sequence[Row]) -> list[str]:
    """All that is said in some rows, each text once, in order."""
    return list(dict.fromkeys(message["content"] for row in rows for message in row.messages))
