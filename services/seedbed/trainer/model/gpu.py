"""What is done otherwise on a GPU, where memory is what layers wait for: less of it is read and written.

What layers hand on is as wide as their arithmetic, and a norm is one kernel. Weights stay as they are.
"""

from collections.abc import Sequence
from types import MethodType
from typing import Any

import torch
from torch import nn
from torch.nn.functional import rms_norm

from seedbed.trainer.model.equivalence import draw, same
from seedbed.trainer.model.kernels import fuse_layers, has_compiler

_SLACK = 1e-4


def send(numbers: Sequence[int], device: torch.device, dtype: torch.dtype = torch.long) -> torch.Tensor:
    """A tensor of numbers on a device; a GPU is not waited for."""
    tensor = torch.tensor(numbers, dtype=dtype)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor


def suit_gpu(model: Any) -> None:
    """Suit a model on a GPU to it; elsewhere nothing is done."""
    if model.device.type != "cuda":
        return
    model.get_input_embeddings().register_forward_hook(_hand_on)
    for module in model.modules():
        if _is_rms_norm(module):
            module.forward = MethodType(_norm, module)
    if has_compiler("cuda"):
        fuse_layers(model)


def _hand_on(_: nn.Module, __: Any, output: torch.Tensor) -> torch.Tensor:
    """Under autocast a layer's sum has the width of what came in, so this decides for all of them."""
    return output.to(torch.get_autocast_dtype("cuda")) if torch.is_autocast_enabled("cuda") else output


def _norm(module: Any, hidden: torch.Tensor) -> torch.Tensor:
    weight = module.weight.to(hidden.dtype)
    return rms_norm(hidden, weight.shape, weight, module.variance_epsilon)


def _is_rms_norm(module: Any) -> bool:
    """Whether one is what `_norm` does, seen by trying: some go by the name and weigh otherwise."""
    weight = getattr(module, "weight", None)
    if weight is None or weight.dim() != 1 or not hasattr(module, "variance_epsilon"):
        return False
    hidden = draw(4, len(weight), weight.device)
    with torch.no_grad():
        return same(_norm(module, hidden), module(hidden), _SLACK)
