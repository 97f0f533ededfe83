"""The training loop of one phase.

The loss of a step is the sum over all tokens that count, on all processes, divided by how many they are: the
same number however the samples are packed and dealt.
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
from seedbed.trainer.loop.snapshot import Progress, chance_now
from seedbed.trainer.loop.utilization import count_work, share_of_peak
from seedbed.trainer.model.loss import RowLoss
from seedbed.trainer.model.student import PackedRow, Student, make_line
from seedbed.trainer.recipe import Phase, TrainingRecipe

_WINDOW = 20
_EMPTY = Sample((0,), (False,))


class Diverged(ItemError):
    """The loss is no number any more."""

    reason = "DIVERGED"


class Stopped(Exception):
    """Somebody asked to stop; the phase stands where its last step ended."""


@dataclass(frozen=True, slots=True)
class Course:
    """What a phase does, step by step."""

    recipe: TrainingRecipe
    phase: Phase
    samples: Sequence[Sample]
    steps: Sequence[Step]
    loss: Callable[[PackedRow], RowLoss]
    """Of a row, as the phase's objective has it."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the loop asks and tells while it goes."""

    stopping: Callable[[], bool]
    on_step: Callable[[dict[str, Any]], None]
    on_boundary: Callable[["Loop"], None]


class Loop:
    """One phase at work."""

    def __init__(
        self,
        course: Course,
        student: Student,
        model: Any,
        ranks: ProcessGroup,
        *,
        bfloat16: bool,
        sharded: bool,
    ) -> None:
        self.course = course
        self.progress = Progress()
        self.chance = chance_now(ranks.device)
        """As it was when the last step had ended."""
        self.model = model
        recipe = course.recipe
        self._student = student
        self._ranks = ranks
        self._sharded = sharded
        self._bfloat16 = bfloat16
        self._trained = [value for _, value in student.trained()]
        self.optimizer = torch.optim.AdamW(
            self._trained,
            lr=course.phase.learning_rate,
            betas=recipe.betas,
            eps=recipe.epsilon,
            weight_decay=recipe.weight_decay,
            fused=True,
        )
        self._work = count_work(student)
        self._speed: deque[tuple[float, int, int]] = deque(maxlen=_WINDOW)
        self._all_tokens = sum(self._tokens(step) for step in course.steps)

    def run(self, hooks: Hooks) -> None:
        """Go to the end of the phase. Raises Stopped, Diverged."""
        self._student.train()
        began, before = time.monotonic(), self.progress.seconds
        self._speed.append((began, self.progress.tokens, self.progress.counted))
        while self.progress.step < len(self.course.steps):
            row = self._step(self.course.steps[self.progress.step], hooks.stopping)
            self.progress.seconds = before + time.monotonic() - began
            self.progress.metrics.append(row)
            hooks.on_step(row)
            hooks.on_boundary(self)

    def _step(self, step: Step, stopping: Callable[[], bool]) -> dict[str, Any]:
        self.chance = chance_now(self._ranks.device)
        counted = sum(self.course.samples[number].counted_tokens for number in step.samples)
        loss = torch.zeros((), device=self._ranks.device)
        # A half-done step leaves no trace: its gradients are all there is of it.
        stop = not self._add_gradients(step, max(1, counted), loss, stopping)
        if self._ranks.any(mine=stop):
            self.optimizer.zero_grad()
            raise Stopped
        if not self._sharded:
            gradients = [self._gradient(value) for value in self._trained]
            self._ranks.add_up([*gradients, loss])
        else:
            self._ranks.add_up([loss])
        norm = self._clip()
        rate = learning_rate(self.course.phase, self.progress.step, len(self.course.steps))
        self._check(float(loss), norm, rate)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.chance = chance_now(self._ranks.device)
        return self._note(step, counted, float(loss), norm, rate)

    def _add_gradients(
        self, step: Step, counted: int, loss: torch.Tensor, stopping: Callable[[], bool]
    ) -> bool:
        """Go through this process's rows; False where it was told to stop on the way."""
        mine = step.deal(self._ranks.number, self._ranks.count)
        for place, row in enumerate(mine):
            if stopping() and not self._sharded:
                return False
            if not row and not self._sharded:
                continue
            samples = [self.course.samples[number] for number in row] or [_EMPTY]
            if self._sharded:
                self.model.set_requires_gradient_sync(place + 1 == len(mine))
            line = make_line(samples, self._ranks.device)
            with self._arithmetic():
                part = self._student(line, self.course.loss(line)) / counted
            # Sharded gradients are averaged over the processes, and ours are meant to be added.
            (part * self._ranks.count if self._sharded else part).backward()
            loss += part.detach()
        return not stopping()

    def _arithmetic(self) -> AbstractContextManager[Any]:
        if not self._bfloat16:
            return nullcontext()
        arithmetic: AbstractContextManager[Any] = torch.autocast(
            self._ranks.device.type, dtype=torch.bfloat16
        )
        return arithmetic

    @staticmethod
    def _gradient(value: torch.nn.Parameter) -> torch.Tensor:
        if value.grad is None:
            value.grad = torch.zeros_like(value)
        return value.grad

    def _clip(self) -> float:
        norm: Any = clip_grad_norm_(self._trained, self.course.recipe.clip)
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
            f"phase {self.course.phase.name}: the {what} is no number any more at "
            f"step {self.progress.step + 1} of {len(self.course.steps)}, at a learning rate of {rate:g}",
            hint=learnt if self.progress.step else fresh,
        )

    def _tokens(self, step: Step) -> int:
        return sum(len(self.course.samples[number].ids) for number in step.samples)

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
        steps = len(self.course.steps)
        return {
            "phase": self.course.phase.name,
            "step": progress.step,
            "steps": steps,
            "epoch": round(progress.step * self.course.phase.epochs / steps, 4),
            "samples_seen": progress.samples,
            "tokens_seen": progress.tokens,
            "counted_tokens": counted,
            "loss": loss,
            "learning_rate": rate,
            "gradient_norm": norm,
            "tokens_per_second": round(speed, 1),
            "memory": _memory(self._ranks.device),
            "share_of_peak": share_of_peak(operations / self._ranks.count, self._ranks.device),
            "time_left": round((self._all_tokens - progress.tokens) / speed, 1) if speed else -1.0,
        }


def _memory(device: torch.device) -> int:
    """Bytes at most up to now."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
