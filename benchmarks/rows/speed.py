"""How near the stack comes to what the endpoint gives: its share of the ideal, calls a second, refusals."""

import argparse
import contextlib
import os
import statistics
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks import limits, throughput
from benchmarks.outcome import Outcome, Place
from benchmarks.synthetic import write_taxonomy
from tests.faults.stage import Run, Teacher, open_teacher, wait_for

_WORKERS = ("knowledge", "judge")


class Moment(NamedTuple):
    """How far a run is."""

    time: float
    calls: int
    cpu: dict[str, float]
    """Seconds by process, the mock endpoint's included."""


def share(place: Place) -> Outcome:
    """4,000 calls of 100 ms, 64 at once: calls x delay / at once, over the time they took."""
    options = argparse.Namespace(leaves=place.scale(20), target=150, at_once=64, delay_ms=100)
    with (place.folder / "said.log").open("w") as log, contextlib.redirect_stderr(log):
        measured = throughput.measure(place.folder, options)
    notes = (
        f"{measured.calls:,} calls in {measured.span:.1f} s, first to last",
        f"{measured.cpu_per_call * 1000:.2f} ms of CPU a call over all processes of the stack",
    )
    return Outcome(f"{measured.share:.1%}", measured.share >= 0.9, notes, measured.share)


def rate(place: Place) -> Outcome:
    """Calls a second, 256 at once, two workers a step; the broker syncs as `seedbed up` sets it."""
    return _rate(place, 1600, always=False)


def rate_synced(place: Place) -> Outcome:
    """The same with a broker that syncs before every acknowledgement."""
    seconds = _sync_seconds(place.folder)
    outcome = _rate(place, 800, always=True)
    disk = (
        f"the disk takes {seconds * 1000:.2f} ms to sync a message: {1 / seconds:,.0f} a second in a stream",
        "each call is a message in the records' stream, and one that comes and goes in the items'",
    )
    return replace(outcome, notes=(*outcome.notes, *disk))


def refused(place: Place) -> Outcome:
    """2,000 calls to an endpoint that takes 16 at once and answers 429 beyond."""
    options = argparse.Namespace(
        leaves=place.scale(10), target=150, takes=16, retry_after=1.0, delay_ms=100.0, concurrency="64"
    )
    with (place.folder / "said.log").open("w") as log, contextlib.redirect_stderr(log):
        figures = limits.measure(place.folder, options)
    seconds, part = figures["seconds_for_2000"], figures["refused"]
    notes = (f"{figures['calls']:,} calls in {figures['seconds']:.1f} s; ideal {figures['ideal']:.1f} s",)
    return Outcome(f"{seconds:.1f} s, {part:.1%} refused", seconds <= 15 and part < 0.05, notes, seconds)


def _rate(place: Place, bar: int, *, always: bool) -> Outcome:
    taxonomy = write_taxonomy(place.folder / "taxonomy", place.scale(40))
    with open_teacher(place.folder, delay_ms=100, acceptance=1) as teacher:
        synced = {"SEEDBED_BROKER_SYNC": "always"} if always else {}
        run = Run(place.folder / "run", taxonomy, teacher, 150, synced, at_once=256).start()
        try:
            for name in _WORKERS:
                wait_for(lambda name=name: run.process(name), f"{name} runs")  # type: ignore[misc]
                run.double(name)
            moments = _follow(run, teacher)
            run.finish()
            stats = teacher.stats()
        finally:
            run.stop()
    calls, span = stats["answered"] - stats["by_schema"].get("", 0), stats["last"] - stats["first"]
    found = calls / span
    notes = (
        f"{calls:,} calls in {span:.1f} s, first to last; {stats['most_at_once']} at once at most",
        *_describe(moments, calls),
    )
    return Outcome(f"{found:,.0f}", found >= bar, notes, found)


def _sync_seconds(folder: Path) -> float:
    """What it takes to bring a message of a kilobyte to the disk; the median of a hundred."""
    taken = []
    with (folder / "synced").open("wb", buffering=0) as file:
        for _ in range(100):
            file.write(bytes(1024))
            began = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _follow(run: Run, teacher: Teacher) -> list[Moment]:
    """Look now and then how far the run is, until it ends."""
    moments = []
    while not run.ended:
        moments.append(Moment(time.monotonic(), int(teacher.stats()["answered"]), _cpu_seconds()))
        time.sleep(0.2)
    return moments


def _cpu_seconds() -> dict[str, float]:
    seconds: defaultdict[str, float] = defaultdict(float)
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            seconds[throughput.name_of(child.cmdline())] += sum(child.cpu_times()[:2])
    return seconds


def _describe(moments: list[Moment], calls: int) -> list[str]:
    """What the middle of the run says, in which every process is at work and none is starting."""
    inner = [moment for moment in moments if calls * 0.1 <= moment.calls <= calls * 0.9]
    if len(inner) < 2 or inner[-1].calls == inner[0].calls:
        return ["too short to look at its middle"]
    answered = inner[-1].calls - inner[0].calls
    spent = {name: seconds - inner[0].cpu.get(name, 0) for name, seconds in inner[-1].cpu.items()}
    cpu, cores = sum(spent.values()) / answered, os.cpu_count() or 1
    most = sorted(spent.items(), key=lambda part: -part[1])
    parts = (f"{name} {seconds / answered * 1000:.2f}" for name, seconds in most if name)
    return [
        f"{answered / (inner[-1].time - inner[0].time):,.0f} a second without the first and the last tenth",
        f"{cpu * 1000:.2f} ms of CPU a call over all processes; {cores} cores allow {cores / cpu:,.0f} calls",
        f"of that: {', '.join(parts)}",
    ]
