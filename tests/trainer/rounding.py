"""How far two results are apart beside what rounding adds, which is in proportion to what was summed."""

import torch


def distance(found: torch.Tensor, expected: torch.Tensor) -> float:
    """The length of the difference as a share of the expected length, computed in double precision."""
    exact = expected.detach().double()
    return float((found.detach().double() - exact).norm() / exact.norm())
