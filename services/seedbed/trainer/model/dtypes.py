"""The type of a model's numbers: arithmetic is in float32, and a checkpoint keeps what its base had."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from transformers import AutoConfig

from seedbed.kernel.weights import pretrained

_NARROW = {"BF16": torch.bfloat16, "F16": torch.float16}


def number_type(folder: str, revision: str = "") -> torch.dtype | None:
    """The type of the numbers that a model's weights are kept in; None where it is nothing narrower."""
    config = AutoConfig.from_pretrained(**pretrained(folder), **({"revision": revision} if revision else {}))
    named = config.dtype or config.get_text_config().dtype or _look(Path(folder))
    return named if named in _NARROW.values() else None


def narrow(model: Any, state: Mapping[str, torch.Tensor], kind: torch.dtype) -> dict[str, torch.Tensor]:
    """Weights in that type, but for those that the model wants in float32; what is shared stays so."""
    wide = [*(model._keep_in_fp32_modules or ()), *(model._keep_in_fp32_modules_strict or ())]  # noqa: SLF001
    stays = re.compile("|".join(rf"(?:^|\.){name}(?:\.|$)" for name in wide) or r"(?!)")
    made: dict[int, torch.Tensor] = {}
    narrowed = {}
    for name, value in state.items():
        if not value.is_floating_point() or stays.search(name):
            narrowed[name] = value
            continue
        key = value.data_ptr()
        if key not in made or made[key].shape != value.shape:
            made[key] = value.to(kind)
        narrowed[name] = made[key]
    return narrowed


def _look(folder: Path) -> torch.dtype | None:
    """What the first file of weights says."""
    for path in sorted(folder.glob("*.safetensors")) if folder.is_dir() else ():
        with safe_open(path, "pt") as weights:
            for name in weights.keys():  # noqa: SIM118  it is no mapping
                return _NARROW.get(weights.get_slice(name).get_dtype())
    return None
