"""The processes that train together: who they are, and how they add up what each has found."""

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

_PATIENCE = timedelta(minutes=30)


class ProcessGroup:
    """This process among those that train together; alone, it needs nobody."""

    def __init__(self, number: int, count: int, device: torch.device) -> None:
        self.number = number
        self.count = count
        self.device = device

    @classmethod
    def join(cls) -> "ProcessGroup":
        """Join the other processes by torchrun's environment variables; a group of one without them."""
        number, count = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
        device = torch.device("cpu")
        if torch.cuda.is_available():
            device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
            torch.cuda.set_device(device)
        if count > 1:
            backend = "nccl" if device.type == "cuda" else "gloo"
            dist.init_process_group(backend, timeout=_PATIENCE)
        return cls(number, count, device)

    @property
    def first(self) -> bool:
        """Whether this one speaks for all."""
        return self.number == 0

    def any(self, *, mine: bool) -> bool:
        """Whether any of all says so."""
        if self.count == 1:
            return mine
        flag = torch.tensor([float(mine)], device=self.device)
        dist.all_reduce(flag, op=dist.ReduceOp.MAX)
        return bool(flag.item())

    def add_up(self, tensors: Sequence[torch.Tensor]) -> None:
        """Give each process the sums over all."""
        if self.count == 1:
            return
        # At once, as each exchange costs a round trip.
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        dist.all_reduce(flat)
        start = 0
        for tensor in tensors:
            tensor.copy_(flat[start : start + tensor.numel()].view_as(tensor))
            start += tensor.numel()

    def gather(self, value: Any) -> list[Any]:
        """What each process has, in their order."""
        if self.count == 1:
            return [value]
        found: list[Any] = [None] * self.count
        dist.all_gather_object(found, value)
        return found

    def leave(self) -> None:
        """Leave the group, where there is more than one process."""
        if self.count > 1:
            dist.destroy_process_group()
