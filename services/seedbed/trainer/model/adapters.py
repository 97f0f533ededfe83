"""Adapters: put on a model anew, or taken up where they were left."""

import re
from pathlib import Path
from typing import Any

from seedbed.kernel.errors import ItemError
from seedbed.trainer.model.student import first_line
from seedbed.trainer.recipe import Lora


def adapt(model: Any, lora: Lora, base: str) -> Any:
    """Put a new adapter on a model; only the adapter learns."""
    from peft import LoraConfig, get_peft_model  # noqa: PLC0415  slow to load

    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=list(lora.targets) or "all-linear",
        exclude_modules=beside_text(model),
        task_type="CAUSAL_LM",
        base_model_name_or_path=base,
    )
    try:
        return get_peft_model(model, config)
    except ValueError as error:
        raise ItemError(
            f"the adapter does not fit this model: {first_line(error)}",
            hint="name layers that it has in `lora.targets`, or none for all linear ones",
        ) from error


def take_up_adapter(model: Any, folder: Path) -> Any:
    """Put an adapter that was trained before on a model, to train it on."""
    from peft import PeftModel  # noqa: PLC0415  slow to load

    return PeftModel.from_pretrained(model, str(folder), is_trainable=True)


def beside_text(model: Any) -> str | None:
    """Which layers are none of the text's, as a pattern: of a model that sees or hears, what does so."""
    text = model.get_decoder()
    names = [name for name, module in model.named_modules() if module is text]
    if not names or text is model.base_model or text is model:
        return None
    return rf"(?!{re.escape(names[0])}\.).*"
