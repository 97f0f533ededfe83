"""The loss of the tokens that count, without ever holding the scores of all of them.

Scores are as wide as the vocabulary. They are made for a stretch of tokens at a time, and the gradient is
formed at once, as what it needs is at hand: nothing as wide as the vocabulary is kept for the way back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch.nn.functional import cross_entropy, linear, log_softmax

from seedbed.trainer.model.kernels import fuse, has_compiler

_SCORES = 1 << 21
"""Scores held at a time: more tokens where the vocabulary is small."""
_SCORES_ON_GPU = 1 << 28
"""A gigabyte: each stretch reads the head and adds to its gradient, and a small one does little else."""
_FEWEST = 128


class RowLoss(Protocol):
    """How wrong a student is on the tokens of one row that count, as a function of its scores.

    Scores are (tokens, vocabulary); `rows` says which of the row's counted tokens they are for.
    """

    def of(self, scores: torch.Tensor, rows: slice) -> torch.Tensor:
        """The sum of these tokens' losses, from which torch finds its way back."""

    def with_gradient(self, scores: torch.Tensor, rows: slice) -> tuple[torch.Tensor, torch.Tensor]:
        """The sum of these tokens' losses, and its gradient by the scores, in their type."""


@dataclass(frozen=True, slots=True)
class CrossEntropy:
    """Of the tokens that come next. Its gradient is formed by hand, in place of the scores."""

    labels: torch.Tensor
    """(counted tokens)"""

    def of(self, scores: torch.Tensor, rows: slice) -> torch.Tensor:
        return cross_entropy(scores.float(), self.labels[rows], reduction="sum")

    def with_gradient(self, scores: torch.Tensor, rows: slice) -> tuple[torch.Tensor, torch.Tensor]:
        dtype, device = scores.dtype, scores.device
        scores = log_softmax(scores, dim=1, dtype=torch.float32)
        target = self.labels[rows, None]
        loss = -scores.gather(1, target).sum(dtype=_sum_type(device))
        share = _share_at_once if has_compiler(device.type) else _share
        return loss, share(scores, target, dtype)


@dataclass(frozen=True, slots=True)
class Differentiated:
    """A loss that is given by its formula alone: torch finds the gradient, of one stretch at a time."""

    formula: Callable[[torch.Tensor, slice], torch.Tensor]

    def of(self, scores: torch.Tensor, rows: slice) -> torch.Tensor:
        return self.formula(scores, rows)

    def with_gradient(self, scores: torch.Tensor, rows: slice) -> tuple[torch.Tensor, torch.Tensor]:
        scores = scores.detach().requires_grad_()
        with torch.enable_grad():
            loss = self.formula(scores, rows)
        (gradient,) = torch.autograd.grad(loss, scores)
        return loss.detach(), gradient


class _CountedLoss(torch.autograd.Function):
    """The sum of losses over all rows of `hidden`."""

    @staticmethod
    def forward(
        context: Any,
        hidden: torch.Tensor,
        weight: torch.Tensor,
        loss: RowLoss,
        dtype: torch.dtype,
    ) -> torch.Tensor:
        learns_hidden, learns_weight = context.needs_input_grad[:2]
        head = weight.detach().to(dtype)
        total = torch.zeros((), dtype=_sum_type(hidden.device), device=hidden.device)
        hidden_gradient = torch.empty_like(hidden) if learns_hidden else None
        weight_gradient = torch.zeros_like(weight, dtype=torch.float32) if learns_weight else None
        most = _SCORES if hidden.device.type == "cpu" else _SCORES_ON_GPU
        stretch = max(_FEWEST, most // weight.shape[0])
        for start in range(0, hidden.shape[0], stretch):
            rows = slice(start, start + stretch)
            piece = hidden[rows].detach().to(dtype)
            part, gradient = loss.with_gradient(linear(piece, head), rows)
            total += part
            if hidden_gradient is not None:
                hidden_gradient[rows] = (gradient @ head).to(hidden.dtype)
            if weight_gradient is not None:
                _add_product(weight_gradient, gradient.t(), piece)
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


def _sum_type(device: torch.device) -> torch.dtype:
    return torch.float64 if device.type == "cpu" else torch.float32


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


def arithmetic_of(hidden: torch.Tensor) -> torch.dtype:
    """The type in which scores are made of what comes out of a model's body."""
    kind = hidden.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden.dtype


def counted_loss(hidden: torch.Tensor, weight: torch.Tensor, loss: RowLoss) -> torch.Tensor:
    """The sum of the losses of these tokens: `hidden` is one row each, `weight` the head's."""
    dtype = arithmetic_of(hidden)
    with torch.autocast(hidden.device.type, enabled=False):
        total: torch.Tensor = _CountedLoss.apply(hidden, weight, loss, dtype)
    return total
