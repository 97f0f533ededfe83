"""What a scaled stack would do with contributions as they really came: `python benchmarks/simulation.py`.

Nothing is started. Time goes on in steps of KEDA's look at the queue; in each, what waits is worked on by
the GPUs that are there, at most as fast as the broker and `runs` let it, and the number of GPUs follows the
lag by the rules of the chart. The service times are options: those of broker and `runs` are measured on this
stack, that of a GPU is an assumption to be replaced by your own.
"""

import argparse
import json
import math
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs by its path, too

from benchmarks.arrivals import read_record

STEP = 15
"""Seconds between two looks at the queue: `autoscaling.pollingInterval`."""
ADMITTED = 4
"""Items that `runs` lets be open for each call."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """The chart's, and what was measured."""

    most: int
    """GPUs at most."""
    slots: int = 128
    """Calls that a GPU takes at once: the lag from which another is started."""
    calls_a_second: float = 12.0
    """Of a GPU."""
    start: int = 180
    """Seconds until a new one answers."""
    cooldown: int = 300
    """Seconds without work until the last goes."""
    broker: float = 1100.0
    """Items a second that the broker takes."""
    runs: float = 2800.0
    """Items a second that `runs` folds and settles."""


@dataclass(frozen=True, slots=True)
class Lived:
    """What came of it."""

    most_lag: int
    most_gpus: int
    gpu_hours: float
    longest_wait: float
    """Seconds from a contribution to its last sample, for the one that waited longest."""
    mean_wait: float
    always_on: float
    """GPU-hours, had as many as were most been on all the time."""
    most_calls: float
    """A second, in any one step."""


def simulate(arrivals: Sequence[tuple[float, int]], calls_a_leaf: float, rules: Rules) -> Lived:
    """Go through the arrivals, in seconds and leaves, until all is done."""
    waiting: deque[tuple[float, float]] = deque()  # when it came, calls left
    coming = deque(sorted((when, leaves * calls_a_leaf) for when, leaves in arrivals))
    pods: list[float] = []  # when each answers
    now = spent = most_lag = most_calls = 0.0
    most_gpus, waits = 0, list[float]()
    idle_since, down_since = 0.0, math.inf
    while coming or waiting or pods:
        while coming and coming[0][0] <= now:
            waiting.append(coming.popleft())
        backlog = sum(calls for _, calls in waiting)
        # More than is admitted is not in the queue yet, and is not seen.
        lag = min(backlog, ADMITTED * rules.most * rules.slots)
        idle_since = now if backlog else idle_since
        pods, down_since = _scale(pods, lag, now, idle_since, down_since, rules)
        ready = sum(when <= now for when in pods)
        pace = min(ready * rules.calls_a_second, rules.broker, rules.runs)
        done = _work(waiting, pace * STEP, now + STEP, waits)
        spent += len(pods) * STEP
        most_lag, most_gpus = max(most_lag, lag), max(most_gpus, len(pods))
        most_calls = max(most_calls, done / STEP)
        now = now + STEP if pods or waiting or not coming else max(now + STEP, coming[0][0])
    mean = sum(waits) / len(waits)
    hours = most_gpus * now / 3600
    return Lived(round(most_lag), most_gpus, spent / 3600, max(waits), mean, hours, most_calls)


def _scale(
    pods: list[float], lag: float, now: float, idle_since: float, down_since: float, rules: Rules
) -> tuple[list[float], float]:
    """Up at once; down by one a minute after five of less need; to none after the cooldown."""
    wanted = min(rules.most, math.ceil(lag / rules.slots))
    if wanted >= len(pods):
        return [*pods, *[now + rules.start] * (wanted - len(pods))], math.inf
    if not wanted:
        return (pods, down_since) if now - idle_since < rules.cooldown else ([], math.inf)
    down_since = min(down_since, now)
    if now - down_since < 300:
        return pods, down_since
    # The next in a minute.
    return sorted(pods)[:-1], now - 300 + 60


def _work(waiting: deque[tuple[float, float]], calls: float, until: float, waits: list[float]) -> float:
    """Work on what came first, and note how long each that is done has waited."""
    left = calls
    while waiting and left > 0:
        came, calls_left = waiting.popleft()
        if calls_left > left:
            waiting.appendleft((came, calls_left - left))
            return calls
        left -= calls_left
        waits.append(until - came)
    return calls - left


def main() -> None:
    """Simulate for one to a hundred GPUs, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=float, default=30, help="the record is replayed within so many days")
    parser.add_argument("--target", type=int, default=1000, help="samples a leaf")
    parser.add_argument("--calls-a-sample", type=float, default=3.3, help="as of `make demo`")
    parser.add_argument("--calls-a-second", type=float, default=12, help="of a GPU; measure yours")
    parser.add_argument("--broker", type=float, default=1100, help="items a second, synced to disk each")
    parser.add_argument("--runs", type=float, default=2800, help="items a second")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    record = read_record()
    pace = options.days * 86400 / max(when for when, _ in record)
    arrivals = [(when * pace, leaves) for when, leaves in record]
    calls = options.target * options.calls_a_sample
    leaves = sum(count for _, count in record)
    print(f"{len(record)} contributions of {leaves} leaves in {options.days:g} days")
    print(f"{calls * leaves:,.0f} calls")
    print(f"a GPU answers {options.calls_a_second:g} calls a second")
    print("at most  most GPUs  most lag  calls/s  mean wait  longest  GPU-hours  always on")
    for most in (1, 2, 4, 8, 16, 32, 64, 100):
        rules = Rules(
            most=most, calls_a_second=options.calls_a_second, broker=options.broker, runs=options.runs
        )
        lived = simulate(arrivals, calls, rules)
        if options.json:
            print(json.dumps({"gpus": most, **{name: getattr(lived, name) for name in Lived.__slots__}}))
            continue
        print(
            f"{most:>7} {lived.most_gpus:>10} {lived.most_lag:>9,} {lived.most_calls:>8.0f}"
            f" {lived.mean_wait / 3600:>8.1f} h {lived.longest_wait / 3600:>6.1f} h"
            f" {lived.gpu_hours:>10.0f} {lived.always_on:>10,.0f}"
        )


if __name__ == "__main__":
    main()
