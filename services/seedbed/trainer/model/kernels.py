"""Kernels made here: what layers do number by number, compiled by torch where the machine can.

A GPU has its results sooner than it can write them down: in one kernel, nothing in between is written.
"""

import sys
from collections.abc import Callable
from functools import cache, partial, wraps
from types import MethodType
from typing import Any

import torch
from torch.nn.functional import silu

from seedbed.trainer.model.equivalence import draw, same

_SLACK = 0.02
"""Of arithmetic in bfloat16."""
_TURN = "apply_rotary_pos_emb"
"""Under which name each of transformers' modules knows how positions are turned."""


def fuse(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that goes number by number, as one kernel.

    What it gives depends neither on the shape that it was compiled for nor on what it was called with before.
    """
    # Not before it is called: what compiles takes a second to load.
    compiled = cache(lambda: torch.compile(function))

    @wraps(function)
    def call(*arguments: Any) -> Any:
        return compiled()(*arguments)

    return call


@cache
def has_compiler(kind: str) -> bool:
    """Whether kernels for a kind of device can be made here, seen by making one. For CPUs none are."""
    if kind == "cpu":
        return False
    try:
        fuse(lambda numbers: numbers + 1)(torch.zeros(1, device=kind))
    except RuntimeError as error:
        why = str(error).strip().partition("\n")[0]
        print(f"no kernels can be compiled here, so training is slower: {why}", file=sys.stderr)  # noqa: T201  its log
        return False
    return True


def fuse_layers(model: Any) -> None:
    """Have a model's gates, and the turning of its positions, be one kernel each."""
    gate = fuse(_gate)
    for module in model.modules():
        if _is_gated(module):
            module.forward = MethodType(partial(_pass, gate), module)
        _fuse_turning(type(module).__module__)


@cache
def _fuse_turning(name: str) -> None:
    """Once for all models whose layers are of this Python module: they look it up there."""
    home = sys.modules[name]
    if hasattr(home, _TURN):
        setattr(home, _TURN, fuse(getattr(home, _TURN)))


def _gate(hidden: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return silu(hidden) * other


def _pass(gate: Callable[..., torch.Tensor], module: Any, hidden: torch.Tensor) -> torch.Tensor:
    passed: torch.Tensor = module.down_proj(gate(module.gate_proj(hidden), module.up_proj(hidden)))
    return passed


def _is_gated(module: Any) -> bool:
    """Whether a layer is what `_pass` does, seen by trying."""
    if not all(hasattr(module, part) for part in ("gate_proj", "up_proj", "down_proj")):
        return False
    weight = next(module.parameters())
    hidden = draw(4, module.gate_proj.in_features, weight.device)
    learns = module.training
    module.eval()
    # Weights may be of any type, so the arithmetic has to be named.
    with torch.no_grad(), torch.autocast(weight.device.type, dtype=torch.bfloat16):
        found, wanted = _pass(_gate, module, hidden), module(hidden)
    module.train(learns)
    return same(found, wanted, _SLACK)
