"""Attention of samples packed in a row: each by itself, so that none sees another and no mask is needed.

A mask over the whole row costs the square of its length; a row of many samples needs far less.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface

from seedbed.kernel.errors import ItemError

SEGMENTS = "seedbed_segments"


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
    segments: Sequence[int] | None = None,
    **peculiar: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention within each of the segments of a row, whose lengths are given."""
    del attention_mask
    for name in ("softcap", "s_aux", "position_bias"):
        if peculiar.get(name) is not None:
            raise ItemError(
                f"this model's attention has a {name}, which attention by segments does not know",
                hint="put `attention: eager` into the training recipe",
            )
    lengths = list(segments) if segments else [query.shape[2]]
    grouped = key.shape[1] != query.shape[1]
    window = peculiar.get("sliding_window") or getattr(module, "sliding_window", None)
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
    return torch.cat(pieces, dim=2).transpose(1, 2).contiguous(), None


def _band(length: int, window: int, like: torch.Tensor) -> torch.Tensor:
    """Which places see which, where each sees only so many before it."""
    places = torch.arange(length, device=like.device)
    behind = places[:, None] - places[None, :]
    return (behind >= 0) & (behind < window)
