"""The evaluator's own thinking: the same questions put before and after, and what a difference is worth.

Pure: knows no model, no teacher, no bus and no store.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LEVEL = 0.95
# Where the quantile is looked for: beyond this, one question more would say more than the interval does.
_WIDEST = 1e4
_HALVINGS = 80


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its interval of 95 %; `low` and `high` are None where one value alone cannot have one."""

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Paired:
    """The same questions put to two models: means, and the mean of the differences."""

    base: float
    tuned: float
    gain: Interval
    questions: int
    left_out: int
    """Questions that only one of the two has a score for."""

    @property
    def is_above(self) -> bool:
        """Whether the gain is above 0 at its interval."""
        return self.gain.low is not None and self.gain.low > 0


def compare(base: Mapping[str, float], tuned: Mapping[str, float]) -> Paired | None:
    """Scores by question, paired; None where the two have no question in common."""
    common = sorted(base.keys() & tuned.keys())
    if not common:
        return None
    before, after = [base[name] for name in common], [tuned[name] for name in common]
    return Paired(
        base=math.fsum(before) / len(common),
        tuned=math.fsum(after) / len(common),
        gain=mean_interval([late - early for early, late in zip(before, after, strict=True)]),
        questions=len(common),
        left_out=len(base.keys() ^ tuned.keys()),
    )


def mean_interval(values: Sequence[float]) -> Interval:
    """The mean of values and its interval by Student's t."""
    count = len(values)
    mean = math.fsum(values) / count
    if count < 2:
        return Interval(mean, None, None)
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    reach = t_quantile(count - 1) * spread / math.sqrt(count)
    return Interval(mean, mean - reach, mean + reach)


def share_interval(right: int, count: int) -> Interval:
    """A share of right answers and its interval by Wilson's score, which holds at 0 and 1 as well."""
    z = t_quantile(0)
    share = right / count
    middle = share + z * z / (2 * count)
    reach = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    # Rounding must not push the share itself out of its interval.
    return Interval(share, min(share, (middle - reach) / scale), max(share, (middle + reach) / scale))


def t_quantile(freedom: int) -> float:
    """How many standard errors hold 95 % by so many degrees of freedom; 0 means the normal's."""
    inside = _normal_inside if not freedom else lambda t: _student_inside(t, freedom)
    low, high = 0.0, _WIDEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if inside(middle) < LEVEL else (low, middle)
    return (low + high) / 2


def _normal_inside(t: float) -> float:
    return math.erf(t / math.sqrt(2))


def _student_inside(t: float, freedom: int) -> float:
    """Student's probability of [-t, t]: for whole degrees of freedom a finite sum of cosines."""
    angle = math.atan(t / math.sqrt(freedom))
    squared = math.cos(angle) ** 2
    odd = freedom % 2
    term = math.cos(angle) if odd else 1.0
    total = 0.0
    for step in range(2 + odd, freedom + 1, 2):
        total += term
        term *= squared * (step - 1) / step
    if not odd:
        return math.sin(angle) * total
    return 2 / math.pi * (angle + math.sin(angle) * total)
