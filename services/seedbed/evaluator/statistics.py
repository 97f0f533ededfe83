"""The evaluator's own thinking: the same questions put before and after, and what a difference is worth.

Pure: knows no model, no teacher, no bus and no store.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

LEVEL = 0.95
RATINGS = (1.0, 10.0)
"""The least that an answer may be rated, and the most."""
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


Interpret = Callable[[Sequence[float], Sequence[float]], Interval]
"""From scores before and after, in the order of the questions, to what was gained."""


def compare(base: Mapping[str, float], tuned: Mapping[str, float], interpret: Interpret) -> Paired | None:
    """Scores by question, paired; None where the two have no question in common."""
    common = sorted(base.keys() & tuned.keys())
    if not common:
        return None
    before, after = [base[name] for name in common], [tuned[name] for name in common]
    return Paired(
        base=math.fsum(before) / len(common),
        tuned=math.fsum(after) / len(common),
        gain=interpret(before, after),
        questions=len(common),
        left_out=len(base.keys() ^ tuned.keys()),
    )


def gain_of_means(before: Sequence[float], after: Sequence[float]) -> Interval:
    """The mean difference and its interval by Student's t; for scores without bounds."""
    return mean_interval([late - early for early, late in zip(before, after, strict=True)])


def gain_of_ratings(before: Sequence[float], after: Sequence[float]) -> Interval:
    """The same, cut off where no rating leads: what is beyond covers nothing."""
    least, most = RATINGS
    found = gain_of_means(before, after)
    if found.low is None or found.high is None:
        return found
    return Interval(found.mean, max(found.low, least - most), min(found.high, most - least))


def gain_of_shares(before: Sequence[float], after: Sequence[float]) -> Interval:
    """The difference of two shares of right answers to the same questions, each 0 or 1, and its interval.

    Wilson's intervals of both shares, joined by how much their answers go together: method 10 of
    R. G. Newcombe, "Improved confidence intervals for the difference between binomial proportions based on
    paired data", Statistics in Medicine 17 (1998), 2635-2650. It passes neither -1 nor 1, and keeps its level
    with few questions and near 0 and 1, where all differences may be equal and Student's has no width.
    """
    count, early, late = len(before), round(math.fsum(before)), round(math.fsum(after))
    gain = (late - early) / count
    if count < 2:
        return Interval(gain, None, None)
    together = _correlation(round(math.fsum(map(min, before, after))), early, late, count)
    old, new = _wilson(early, count), _wilson(late, count)

    def reach(one: float, other: float) -> float:
        return math.sqrt(one * one - 2 * together * one * other + other * other)

    down = reach(late / count - new[0], old[1] - early / count)
    up = reach(new[1] - late / count, early / count - old[0])
    return Interval(gain, gain - down, gain + up)


def _correlation(both: int, early: int, late: int, count: int) -> float:
    """Of right answers before and after: a positive one corrected for how coarse few questions are."""
    spread = early * (count - early) * late * (count - late)
    neither, gained, lost = count - early - late + both, late - both, early - both
    joint = both * neither - gained * lost
    if not spread:
        return 0.0
    return (max(joint - count / 2, 0) if joint > 0 else joint) / math.sqrt(spread)


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
    return Interval(right / count, *_wilson(right, count))


def _wilson(right: int, count: int) -> tuple[float, float]:
    z = t_quantile(0)
    share = right / count
    middle = share + z * z / (2 * count)
    reach = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    # Rounding must not push the share itself out of its interval.
    return min(share, (middle - reach) / scale), max(share, (middle + reach) / scale)


@cache
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
