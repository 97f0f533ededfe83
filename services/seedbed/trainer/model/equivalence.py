"""Whether a layer is what it is taken for, seen by trying it."""

import torch


def draw(rows: int, width: int, device: torch.device) -> torch.Tensor:
    """Numbers to try a layer with, the same each time."""
    generator = torch.Generator(device).manual_seed(0)
    return torch.randn(rows, width, generator=generator, device=device)


def same(found: torch.Tensor, wanted: torch.Tensor, slack: float) -> bool:
    """Whether two ways come to the same, as far as the arithmetic goes."""
    return bool((found - wanted).abs().max() <= slack * wanted.abs().max())
