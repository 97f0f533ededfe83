"""How much of what a device can do is done."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from seedbed.trainer.model.student import Student

# Dense bfloat16 operations a second, as the makers give them, by the first two words of the device's name.
_PEAKS = {
    "NVIDIA H200": 989e12,
    "NVIDIA H100": 989e12,
    "NVIDIA A100": 312e12,
    "NVIDIA L40S": 362e12,
    "NVIDIA L4": 121e12,
}


def share_of_peak(operations: float, device: torch.device) -> float:
    """So many operations a second, of the device's peak; 0 where that is not known, as for CPUs."""
    if device.type != "cuda":
        return 0.0
    name = " ".join(torch.cuda.get_device_name(device).replace("-", " ").split()[:2])
    return operations / _PEAKS.get(name, math.inf)


@dataclass(frozen=True, slots=True)
class Work:
    """Operations that a student's weights ask for, there and back; attention's own are not counted."""

    token: int
    """Of each token."""
    counted: int
    """More of each token that counts: the head's."""


def count_work(student: "Student") -> Work:
    """What a student has to do. Of a mixture of experts it is that of all of them."""
    head = student.head.weight
    looked_up = {
        id(module.weight)
        for module in student.modules()
        if isinstance(module, nn.Embedding) and module.weight is not head
    }
    weights = [value for value in student.parameters() if value is not head and id(value) not in looked_up]
    return Work(sum(map(_operations, weights)), _operations(head))


def _operations(weight: torch.Tensor) -> int:
    # Two of each weight and token on the way there, two on the way back, two more where it learns.
    each = 6 if weight.requires_grad else 4
    packed = 2 if weight.dtype == torch.uint8 else 1
    return int(weight.numel()) * packed * each
