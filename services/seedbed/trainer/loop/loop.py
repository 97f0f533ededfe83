"""The training loop of one phase.

The loss of a step is the sum over all tokens that count, on all processes, divided by how many they are: the
same number however the samples are packed and spread over processes.
"""

import math
import resource
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.utils import clip_grad_norm_

from seedbed.kernel.errors import ItemError
from seedbed.trainer.data.batches import Step
from seedbed.trainer.data.masks import Sample
from seedbed.trainer.loop.distributed import ProcessGroup
from seedbed.trainer.loop.schedule import learning_rate
from seedbed.trainer.loop.snapshot import Progress, rng_states
from seedbed.trainer.loop.utilization import count_work, share_of_peak
from seedbed.trainer.model.loss import RowLoss
from seedbed.trainer.model.student import PackedRow, Student, pack_samples
from seedbed.trainer.recipe import Phase, TrainingRecipe

_WINDOW = 20
_EMPTY = Sample((0,), (False,))


class Diverged(ItemError):
    """The loss is no number any more."""

    reason = "DIVERGED"


class Stopped(Exception):
    """Somebody asked to stop; the phase stands where its last step ended."""


@dataclass(frozen=True, slots=True)
class PhasePlan:
    """What a phase does, step by step."""

    recipe: TrainingRecipe
    phase: Phase
    samples: Sequence[Sample]
    steps: Sequence[Step]
    loss: Callable[[PackedRow], RowLoss]
    """Of a row, as the phase's objective has it."""

    @property
    def epochs(self) -> float:
        """How often every sample is shown; a fraction where the phase ends in the midst of an epoch."""
        if self.phase.tokens is None:
            return self.phase.epochs
        return sum(len(step.samples) for step in self.steps) / len(self.samples)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the loop calls: whether to stop, after each step, and between two steps."""

    stopping: Callable[[], bool]
    on_step: Callable[[dict[str, Any]], None]
    on_boundary: Callable[["Loop"], None]


class Loop:
    """Trains one phase: step by step, from wherever its progress stands."""

    def __init__(
        self,
        plan: PhasePlan,
        student: Student,
        model: Any,
        group: ProcessGroup,
        *,
        bfloat16: bool,
        sharded: bool,
    ) -> None:
        self.plan = plan
        self.progress = Progress()
        self.chance = rng_states(group.device)
        """As it was when the last step had ended."""
        self.model = model
        recipe = plan.recipe
        self._student = student
        self._group = group
        self._sharded = sharded
        self._bfloat16 = bfloat16
        self._trained = [value for _, value in student.trained()]
        self.optimizer = torch.optim.AdamW(
            self._trained,
            lr=plan.phase.learning_rate,
            betas=recipe.betas,
            eps=recipe.epsilon,
            weight_decay=recipe.weight_decay,
            fused=True,
        )
        self._work = count_work(student)
        self._speed: deque[tuple[float, int, int]] = deque(maxlen=_WINDOW)
        self._all_tokens = sum(self._tokens(step) for step in plan.steps)
        self._epochs = plan.epochs

    def run(self, hooks: Hooks) -> None:
        """Go to the end of the phase. Raises Stopped, Diverged."""
        self._student.train()
        began, before = time.monotonic(), self.progress.seconds
        self._speed.append((began, self.progress.tokens, self.progress.counted))
        while self.progress.step < len(self.plan.steps):
            row = self._step(self.plan.steps[self.progress.step], hooks.stopping)
            self.progress.seconds = before + time.monotonic() - began
            self.progress.metrics.append(row)
            hooks.on_step(row)
            hooks.on_boundary(self)

    def _step(self, step: Step, stopping: Callable[[], bool]) -> dict[str, Any]:
        self.chance = rng_states(self._group.device)
        counted = sum(self.plan.samples[number].counted_tokens for number in step.samples)
        loss = torch.zeros((), device=self._group.device)
        # A half-done step leaves no trace: its gradients are all there is of it.
        stop = not self._add_gradients(step, max(1, counted), loss, stopping)
        if self._group.any(mine=stop):
            self.optimizer.zero_grad()
            raise Stopped
        if not self._sharded:
            gradients = [self._gradient(value) for value in self._trained]
            self._group.add_up([*gradients, loss])
        else:
            self._group.add_up([loss])
        norm = self._clip()
        rate = learning_rate(self.plan.phase, self.progress.step, len(self.plan.steps))
        self._check(float(loss), norm, rate)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.chance = rng_states(self._group.device)
        return self._note(step, counted, float(loss), norm, rate)

    def _add_gradients(
        self, step: Step, counted: int, loss: torch.Tensor, stopping: Callable[[], bool]
    ) -> bool:
        """Go through this process's rows; False where it was asked to stop on the way."""
        mine = step.split(self._group.number, self._group.count)
        for place, row in enumerate(mine):
            if stopping() and not self._sharded:
                return False
            if not row and not self._sharded:
                continue
            samples = [self.plan.samples[number] for number in row] or [_EMPTY]
            if self._sharded:
                self.model.set_requires_gradient_sync(place + 1 == len(mine))
            packed = pack_samples(samples, self._group.device)
            with self._arithmetic():
                part = self._student(packed, self.plan.loss(packed)) / counted
            # Sharded gradients are averaged over the processes, and ours are meant to be added.
            (part * self._group.count if self._sharded else part).backward()
            loss += part.detach()
        return not stopping()

    def _arithmetic(self) -> AbstractContextManager[Any]:
        if not self._bfloat16:
            return nullcontext()
        arithmetic: AbstractContextManager[Any] = torch.autocast(
            self._group.device.type, dtype=torch.bfloat16
        )
        return arithmetic

    @staticmethod
    def _gradient(value: torch.nn.Parameter) -> torch.Tensor:
        if value.grad is None:
            value.grad = torch.zeros_like(value)
        return value.grad

    def _clip(self) -> float:
        norm: Any = clip_grad_norm_(self._trained, self.plan.recipe.clip)
        return float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm)

    def _check(self, loss: float, norm: float, rate: float) -> None:
        if math.isfinite(loss) and math.isfinite(norm):
            return
        what = "gradient" if math.isfinite(loss) else "loss"
        learnt = "lower `learning_rate` or lengthen `warmup` in the training recipe"
        fresh = (
            "it has learnt nothing yet: the weights it begins from are damaged, or too large for `precision`"
        )
        raise Diverged(
            f"phase {self.plan.phase.name}: the {what} is no number any more at "
            f"step {self.progress.step + 1} of {len(self.plan.steps)}, at a learning rate of {rate:g}",
            hint=learnt if self.progress.step else fresh,
        )

    def _tokens(self, step: Step) -> int:
        return sum(len(self.plan.samples[number].ids) for number in step.samples)

    def _note(self, step: Step, counted: int, loss: float, norm: float, rate: float) -> dict[str, Any]:
        progress = self.progress
        progress.step += 1
        progress.samples += len(step.samples)
        progress.tokens += self._tokens(step)
        progress.counted += counted
        self._speed.append((time.monotonic(), progress.tokens, progress.counted))
        seconds, tokens, learnt = (
            last - first for first, last in zip(self._speed[0], self._speed[-1], strict=True)
        )
        speed = tokens / max(1e-9, seconds)
        operations = (tokens * self._work.token + learnt * self._work.counted) / max(1e-9, seconds)
        steps = len(self.plan.steps)
        return {
            "phase": self.plan.phase.name,
            "step": progress.step,
            "steps": steps,
            "epoch": round(progress.step * self._epochs / steps, 4),
            "samples_seen": progress.samples,
            "tokens_seen": progress.tokens,
            "counted_tokens": counted,
            "loss": loss,
            "learning_rate": rate,
            "gradient_norm": norm,
            "tokens_per_second": round(speed, 1),
            "memory": _memory(self._group.device),
            "share_of_peak": share_of_peak(operations / self._group.count, self._group.device),
            "time_left": round((self._all_tokens - progress.tokens) / speed, 1) if speed else -1.0,
        }


def _memory(device: torch.device) -> int:
    """Bytes at most up to now."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
