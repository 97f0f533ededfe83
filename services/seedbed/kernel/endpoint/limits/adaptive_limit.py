"""Probing for an endpoint's limit: what follows for it from what each process has seen. Pure.

Up while calls succeed and all permits are in use, down by half when calls are refused. What the endpoint
had taken at that moment is measured, so that the way back is short, and more is tried only so often that
the pauses this brings cost little. No clock is read: time is counted in windows, a `limit` of successes each.
"""

import math
from dataclasses import dataclass, replace

FIRST = 4
"""Where probing from below begins."""
LEAST_HOLD = 8
LEAST_PAUSE = 0.25
HOLD = 32
"""Windows worked at a proven limit for each window that was lost by asking for more."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What is known of an endpoint's limit."""

    ceiling: int = 0
    epoch: int = 0
    """Raised whenever the limit is lowered: calls begun earlier say nothing of the limit that holds now."""
    good: int = 0
    """What the endpoint was seen to take at once; 0 until something was refused."""
    known: int = 0
    """The same, as it was believed before the last refusal."""
    hold: int = 0
    """Windows to go before more than that is tried."""
    successes: int = 0
    """Of the window that is under way."""
    settled: bool = True
    """Whether a window has gone well since the last refusal."""
    pause: float = 0.0
    """Seconds that the endpoint wanted to be left alone at the last refusal."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one process has seen in the present epoch since it last reported."""

    successes: int = 0
    refusals: int = 0
    pause: float = 0.0
    seconds: float = 0.0
    """How long a call takes."""


def begin(ceiling: int, *, low: bool) -> tuple[int, Probe]:
    """The limit to begin with and what is known of it: the ceiling, or far below it."""
    return (min(FIRST, ceiling) if low else ceiling), Probe(ceiling)


def lower(limit: int, probe: Probe, seen: Seen) -> tuple[int, Probe]:
    """The limit after calls of this epoch were refused."""
    lowered = Probe(
        ceiling=probe.ceiling,
        epoch=probe.epoch + 1,
        known=probe.good or limit,
        settled=False,
        pause=seen.pause,
    )
    return max(1, limit // 2), lowered


def measure(limit: int, probe: Probe, taken: int) -> tuple[int, Probe]:
    """The limit when it is known how many calls the endpoint had taken as it began to refuse."""
    # It took none: it was away, not full, and that says nothing of what it can take.
    return (
        (min(limit, taken), replace(probe, good=taken))
        if taken
        else (limit, replace(probe, good=probe.known))
    )


def climb(limit: int, probe: Probe, seen: Seen) -> tuple[int, Probe]:
    """The limit after calls of this epoch went well while all permits were in use."""
    count = probe.successes + seen.successes
    if count < limit:
        return limit, replace(probe, successes=count)
    windows = count // limit
    if not probe.settled:
        lost = max(LEAST_PAUSE, probe.pause) / seen.seconds if seen.seconds else 0.0
        probe = replace(probe, settled=True, hold=max(LEAST_HOLD, math.ceil(HOLD * lost)))
    probe = replace(probe, successes=0, good=max(probe.good, limit) if probe.epoch else 0)
    if limit >= probe.ceiling:
        return limit, probe
    if not probe.epoch:
        return min(2 * limit, probe.ceiling), probe
    if limit < probe.good:
        return min(2 * limit, probe.good, probe.ceiling), probe
    if probe.hold:
        return limit, replace(probe, hold=max(0, probe.hold - windows), successes=count % limit)
    return limit + 1, probe
