"""What a student stops at: written into its generation's configuration, for whoever has it answer."""

from collections.abc import Iterable
from typing import Any

from transformers import GenerationConfig

from seedbed.trainer.data.masks import Sample


def learnt_ends(samples: Iterable[Sample]) -> list[int]:
    """The tokens by which answers end, in order of appearance."""
    return list(dict.fromkeys(token for sample in samples for token in sample.ends))


def name_ends(model: Any, learnt: Iterable[int]) -> GenerationConfig:
    """Add what was learnt to the ends that a model knows; the configuration that has them all."""
    whole = model.get_base_model() if hasattr(model, "peft_config") else model
    config: GenerationConfig = whole.generation_config
    known = config.eos_token_id if config.eos_token_id is not None else whole.config.eos_token_id
    before = known if isinstance(known, list | tuple) else [known]
    config.eos_token_id = list(dict.fromkeys([*(end for end in before if end is not None), *learnt])) or None
    # Else transformers would take the ends that the model itself names, and no others.
    config._from_model_config = False  # noqa: SLF001
    return _mend(config)


def _mend(config: GenerationConfig) -> GenerationConfig:
    """Some models come with a configuration that transformers reads and does not write."""
    if _is_valid(config):
        return config
    # They name a temperature, and forgot to say that tokens are sampled by it.
    config.do_sample = True
    if (config.pad_token_id or 0) < 0:
        config.pad_token_id = None
    if not _is_valid(config):
        fresh = GenerationConfig(eos_token_id=config.eos_token_id)
        config.__dict__.clear()
        config.__dict__.update(fresh.__dict__)
    return config


def _is_valid(config: GenerationConfig) -> bool:
    try:
        config.validate(strict=True)
    except ValueError:
        return False
    return True
