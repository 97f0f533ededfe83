"""Attention of samples packed in a row: each by itself, so that none sees another and no mask is needed.

A mask over the whole row costs the square of its length; a row of many samples needs far less. On a GPU one
kernel goes through all of them; elsewhere it is one sample after another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch
from torch.nn.attention.varlen import varlen_attn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface

from seedbed.kernel.errors import ItemError
from seedbed.trainer.model.gpu import send

SEGMENTS = "seedbed_segments"
_KERNEL_TYPES = (torch.bfloat16, torch.float16)
_KERNEL_WIDTH = 256
"""Of a head, at most."""
_KERNEL_CHIP = (8, 0)
"""NVIDIA's compute capability, at least: Ampere."""


@dataclass(frozen=True, slots=True)
class Segments:
    """How a row is divided into samples."""

    lengths: tuple[int, ...]
    bounds: torch.Tensor | None = None
    """On a GPU that has the kernel, where each begins and the last one ends: int32, one more than samples."""
    longest: int = 0
    """Of the lengths; given so that a kernel need not wait for them."""


def divide(lengths: Sequence[int], device: torch.device) -> Segments:
    """A row of samples of these lengths."""
    if device.type != "cuda" or torch.cuda.get_device_capability(device) < _KERNEL_CHIP:
        return Segments(tuple(lengths))
    bounds = [0, *accumulate(lengths)]
    return Segments(tuple(lengths), send(bounds, device, torch.int32), max(lengths))


def register() -> None:
    """Make it known to transformers under its name."""
    AttentionInterface.register(SEGMENTS, attend)
    # It needs no mask, and building one would cost more than it saves.
    AttentionMaskInterface.register(SEGMENTS, lambda *_, **__: None)


def attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float | None = None,
    dropout: float = 0.0,
    segments: Segments | None = None,
    **peculiar: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention within each of the segments of a row; without them, of the row as a whole.

    `query` is (1, heads, tokens, width), and so are `key` and `value`, of which there may be fewer heads.
    """
    del attention_mask
    for name in ("softcap", "s_aux", "position_bias"):
        if peculiar.get(name) is not None:
            raise ItemError(
                f"this model's attention has a {name}, which attention by segments does not know",
                hint="put `attention: eager` into the training recipe",
            )
    window = peculiar.get("sliding_window") or getattr(module, "sliding_window", None)
    if segments and segments.bounds is not None and not dropout and _fits_kernel(value):
        return _attend_at_once(query, key, value, segments, window, scaling)[None], None
    lengths = list(segments.lengths) if segments else [query.shape[2]]
    return _attend_each(query, key, value, lengths, window, scaling, dropout), None


def _attend_each(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    lengths: list[int],
    window: int | None,
    scaling: float | None,
    dropout: float,
) -> torch.Tensor:
    """(1, tokens, heads, width), one segment after the other."""
    grouped = key.shape[1] != query.shape[1]
    pieces = [
        scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=_band(length, window, q) if window and length > window else None,
            dropout_p=dropout,
            is_causal=not (window and length > window),
            scale=scaling,
            enable_gqa=grouped,
        )
        for length, q, k, v in zip(
            lengths,
            query.split(lengths, dim=2),
            key.split(lengths, dim=2),
            value.split(lengths, dim=2),
            strict=True,
        )
    ]
    return torch.cat(pieces, dim=2).transpose(1, 2).contiguous()


def _fits_kernel(value: torch.Tensor) -> bool:
    width = value.shape[-1]
    return value.dtype in _KERNEL_TYPES and width <= _KERNEL_WIDTH and not width % 8


def _attend_at_once(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    segments: Segments,
    window: int | None,
    scaling: float | None,
) -> torch.Tensor:
    """(tokens, heads, width), by a kernel that knows where each segment begins."""
    # Under autocast positions may be turned in a wider type, and the kernel wants one.
    q, k, v = (part[0].transpose(0, 1).to(value.dtype) for part in (query, key, value))
    attended: torch.Tensor = varlen_attn(
        q,
        k,
        v,
        segments.bounds,
        segments.bounds,
        segments.longest,
        segments.longest,
        scale=scaling,
        window_size=(window - 1 if window else -1, 0),
        enable_gqa=key.shape[1] != query.shape[1],
    )
    return attended


def _band(length: int, window: int, like: torch.Tensor) -> torch.Tensor:
    """Which places see which, where each sees only so many before it."""
    places = torch.arange(length, device=like.device)
    behind = places[:, None] - places[None, :]
    return (behind >= 0) & (behind < window)
