"""Exactly as many samples as asked for, and what was spent on more than that."""

from benchmarks.outcome import Outcome, Place
from benchmarks.synthetic import write_taxonomy
from tests.faults.stage import Run, open_teacher

_TARGET = 100


def exact(place: Place) -> Outcome:
    """Target 100 on each of 50 leaves, where six of ten verdicts pass."""
    leaves = place.scale(50)
    taxonomy = write_taxonomy(place.folder / "taxonomy", leaves)
    with open_teacher(place.folder, delay_ms=20, acceptance=0.6) as teacher:
        run = Run(place.folder / "run", taxonomy, teacher, _TARGET, at_once=64).start()
        try:
            summary = run.finish(short=True)
        finally:
            run.stop()
        calls = teacher.asked
    counts = {
        name: sum(leaf[name] for leaf in summary["leaves"])
        for name in ("accepted", "rejected", "duplicate", "unneeded")
    }
    right = sum(leaf["accepted"] == _TARGET for leaf in summary["leaves"])
    # Each candidate bears its verdict and its part of the draw that it came from.
    spent = counts["unneeded"] / sum(counts.values())
    rounds = [leaf["rounds"] for leaf in summary["leaves"]]
    notes = (
        f"{calls:,} calls; candidates: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()),
        f"{sum(rounds) / leaves:.1f} rounds a leaf, {max(rounds)} at most",
    )
    figure = f"{right} of {leaves} leaves exact, {spent:.1%} not needed"
    return Outcome(figure, right == leaves and spent < 0.15, notes)
