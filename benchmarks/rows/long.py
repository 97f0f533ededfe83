"""What a long run costs: CPU and time a sample, and the memory of every process, at ten times the samples."""

import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.outcome import Outcome, Place
from benchmarks.synthetic import write_taxonomy
from benchmarks.throughput import name_of
from tests.faults.stage import Run, Teacher, open_teacher

LEAVES = 20
SAMPLES = 10_000
TIMES = 10
AT_ONCE = 64
RECIPE = "repeats: 1000\n"
"""So many draws that no leaf runs out of them."""
COLLECTED = {"GOGC": "100"}
"""The broker collects its garbage as often as Go does by itself: so one sees what it holds."""
COSTLIER = 1.2
LARGER, SLACK = 1.1, 20.0
"""Memory may be a tenth larger and 20 MB more: so much hangs on the moment it is looked at."""
PATIENCE = 6 * 3600.0
_LOOK = 0.25


@dataclass
class Long:
    """One run, as it was seen from outside: from its first call on, the dataset's writing included."""

    samples: int = 0
    leaves: int = 0
    calls: int = 0
    seconds: float = 0
    cpu: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Seconds by process of the stack; the endpoint's are not in it."""
    peaks: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """The most that each process had in memory, in megabytes."""

    @property
    def cost(self) -> float:
        """Milliseconds of CPU a sample."""
        return sum(self.cpu.values()) / self.samples * 1000

    @property
    def pace(self) -> float:
        """Samples a second."""
        return self.samples / self.seconds


def grow(place: Place) -> Outcome:
    """Ten times the samples of ten times the leaves; beside it, of ten times larger ones."""
    samples = place.scale(SAMPLES)
    small = run_long(place.folder / "small", LEAVES, samples)
    large = run_long(place.folder / "large", LEAVES * TIMES, samples * TIMES)
    deep = run_long(place.folder / "deep", LEAVES, samples * TIMES)
    dearer, slower = large.cost / small.cost, small.pace / large.pace
    grown = [name for name, peak in large.peaks.items() if peak > LARGER * small.peaks[name] + SLACK]
    figure = f"CPU × {dearer:.2f}, time × {slower:.2f}, "
    figure += f"memory of {', '.join(sorted(grown))} grows" if grown else "memory flat"
    runs = (small, large, deep)
    peaks = (f"{name} {' '.join(f'{one.peaks[name]:.0f}' for one in runs)}" for name in sorted(large.peaks))
    notes = (*map(describe, runs), f"MB at most, in the one, the other and the third: {', '.join(peaks)}")
    met = dearer <= COSTLIER and slower <= COSTLIER and not grown
    return Outcome(figure, met, notes, max(dearer, slower))


def describe(one: Long) -> str:
    """A run in a line."""
    return (
        f"{one.samples:,} samples of {one.leaves} leaves in {one.calls:,} calls: "
        f"{one.cost:.2f} ms of CPU a sample, {one.pace:,.0f} samples a second"
    )


def run_long(folder: Path, leaves: int, samples: int) -> Long:
    """Make so many samples of so many leaves, and look on."""
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(RECIPE)
    taxonomy = write_taxonomy(folder / "taxonomy", leaves)
    with open_teacher(folder, delay_ms=0, acceptance=0.7) as teacher:
        target, options = samples // leaves, ("--recipe", str(folder / "recipe.yaml"))
        run = Run(folder / "run", taxonomy, teacher, target, COLLECTED, at_once=AT_ONCE, options=options)
        try:
            found = _watch(run.start(), teacher)
            found.samples = run.finish(PATIENCE)["samples"]
        finally:
            run.stop()
        found.calls, found.leaves = teacher.asked, leaves
    return found


def _watch(run: Run, teacher: Teacher) -> Long:
    """Look at every process of the stack now and then, until the run ends."""
    found, spent = Long(), dict[int, tuple[str, float]]()
    began = 0.0
    while not run.ended:
        for process in run.processes():
            try:
                name, size, times = name_of(process.cmdline()), process.memory_info().rss, process.cpu_times()
            except psutil.Error:
                continue
            if name:
                found.peaks[name] = max(found.peaks[name], size / 1e6)
                spent[process.pid] = name, times.user + times.system
        if not began and teacher.asked:
            began = time.monotonic()
            for name, seconds in spent.values():
                found.cpu[name] -= seconds
        time.sleep(_LOOK)
    found.seconds = time.monotonic() - began
    for name, seconds in spent.values():
        found.cpu[name] += seconds
    return found
