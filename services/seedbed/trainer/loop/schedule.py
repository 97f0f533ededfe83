"""The learning rate of a step. Pure."""

import math

from seedbed.trainer.recipe import Phase


def learning_rate(phase: Phase, step: int, steps: int) -> float:
    """The rate of step `step`, counted from 0, of `steps`."""
    if step < phase.warmup:
        return phase.learning_rate * (step + 1) / phase.warmup
    if phase.schedule == "constant":
        return phase.learning_rate
    done = (step - phase.warmup) / max(1, steps - phase.warmup)
    left = 1 - done if phase.schedule == "linear" else (1 + math.cos(math.pi * done)) / 2
    return phase.learning_rate * (phase.floor + (1 - phase.floor) * left)
