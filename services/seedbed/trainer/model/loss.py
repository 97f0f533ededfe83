"""The cross-entropy of the tokens that count, without ever holding the scores of all of them.

Scores are as wide as the vocabulary. They are made for a stretch of tokens at a time, and the gradient is
formed at once, as what it needs is at hand: nothing as wide as the vocabulary is kept for the way back.
"""

from typing import Any

import torch
from torch.nn.functional import linear, log_softmax

from seedbed.trainer.model.kernels import fuse, has_compiler

_SCORES = 1 << 21
"""Scores held at a time: more tokens where the vocabulary is small."""
_SCORES_ON_GPU = 1 << 28
"""A gigabyte: each stretch reads the head and adds to its gradient, and a small one does little else."""
_FEWEST = 128


class _CountedLoss(torch.autograd.Function):
    """The sum of losses over all rows of `hidden`."""

    @staticmethod
    def forward(
        context: Any,
        hidden: torch.Tensor,
        weight: torch.Tensor,
        labels: torch.Tensor,
        dtype: torch.dtype,
    ) -> torch.Tensor:
        learns_hidden, learns_weight = context.needs_input_grad[:2]
        head = weight.detach().to(dtype)
        on_cpu = hidden.device.type == "cpu"
        total = torch.zeros((), dtype=torch.float64 if on_cpu else torch.float32, device=hidden.device)
        hidden_gradient = torch.empty_like(hidden) if learns_hidden else None
        weight_gradient = torch.zeros_like(weight, dtype=torch.float32) if learns_weight else None
        fused = has_compiler(hidden.device.type)
        stretch = max(_FEWEST, (_SCORES if on_cpu else _SCORES_ON_GPU) // weight.shape[0])
        for start in range(0, hidden.shape[0], stretch):
            rows = slice(start, start + stretch)
            piece = hidden[rows].detach().to(dtype)
            scores = log_softmax(linear(piece, head), dim=1, dtype=torch.float32)
            target = labels[rows, None]
            total -= scores.gather(1, target).sum(dtype=total.dtype)
            shares = (_share_at_once if fused else _share)(scores, target, dtype)
            if hidden_gradient is not None:
                hidden_gradient[rows] = (shares @ head).to(hidden.dtype)
            if weight_gradient is not None:
                _add_product(weight_gradient, shares.t(), piece)
        context.save_for_backward(hidden_gradient, weight_gradient)
        return total.float()

    @staticmethod
    def backward(context: Any, *gradients: torch.Tensor) -> tuple[Any, ...]:
        (outer,) = gradients
        hidden_gradient, weight_gradient = context.saved_tensors
        for gradient in (hidden_gradient, weight_gradient):
            if gradient is not None:
                gradient.mul_(outer)
        return hidden_gradient, weight_gradient, None, None


def _share(scores: torch.Tensor, target: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """The gradient that scores get: the share each token has, less one for the right one. In their place."""
    shares = scores.exp_()
    shares.scatter_add_(1, target, torch.full_like(target, -1.0, dtype=torch.float32))
    return shares.to(dtype)


@fuse
def _share_at_once(scores: torch.Tensor, target: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    tokens = torch.arange(scores.shape[1], device=scores.device)
    return (scores.exp() - (tokens == target).float()).to(dtype)


def _add_product(total: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> None:
    """Add a product to a total that may be finer than it."""
    if left.dtype == total.dtype:
        total.addmm_(left, right)
    elif total.is_cuda:
        torch.addmm(total, left, right, out_dtype=total.dtype, out=total)
    else:
        total.add_(left @ right)


def counted_loss(hidden: torch.Tensor, weight: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The sum of the losses of these tokens: `hidden` is one row each, `labels` what comes next."""
    kind = hidden.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden.dtype
    with torch.autocast(kind, enabled=False):
        loss: torch.Tensor = _CountedLoss.apply(hidden, weight, labels, dtype)
    return loss
