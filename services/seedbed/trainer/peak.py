"""How much of what a device can do is done."""

from typing import Any

import torch

# Dense bfloat16 operations a second, as the makers give them, by the first two words of the device's name.
_PEAKS = {
    "NVIDIA H200": 989e12,
    "NVIDIA H100": 989e12,
    "NVIDIA A100": 312e12,
    "NVIDIA L40S": 362e12,
    "NVIDIA L4": 121e12,
}


def share_of_peak(student: Any, tokens_per_second: float, device: torch.device) -> float:
    """Of the device's peak; 0 where that is not known, as for CPUs. Attention is not counted."""
    if device.type != "cuda":
        return 0.0
    name = " ".join(torch.cuda.get_device_name(device).replace("-", " ").split()[:2])
    if name not in _PEAKS:
        return 0.0
    # Two operations a weight and token on the way there, two on the way back, two more where it learns.
    each = (value.numel() * (6 if value.requires_grad else 4) for value in student.parameters())
    operations: int = sum(each)
    return operations * tokens_per_second / _PEAKS[name]
