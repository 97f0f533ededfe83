"""What is paid again, lost or doubled when something dies, and what one bad call does to a run."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet

from benchmarks.outcome import Outcome, Place
from benchmarks.synthetic import write_taxonomy
from tests.faults.stage import ROOT, SERVICES, Run, Undisturbed, open_teacher, run_undisturbed

_AT_ONCE = 64
# Longer than every pause, probe and acknowledgement wait of a stack on one machine.
_AWAY = 15.0


def kill(place: Place) -> Outcome:
    """SIGKILL of each process in turn, each in a run of its own when half of the calls are made."""
    still = _undisturbed(place)
    damages = {victim: _kill_one(place, still, victim) for victim in (*SERVICES, "nats-server", "generate")}
    again, lost, doubled = (
        max(getattr(damage, name) for damage in damages.values()) for name in ("again", "lost", "doubled")
    )
    same = all(damage.same for damage in damages.values())
    notes = (
        f"{still.asked:,} calls undisturbed, {_AT_ONCE} at once; the most of {len(damages)} runs is shown",
        "repeated, of those in flight at the kill (all processes'): "
        + ", ".join(f"{victim} {damage.again} of {damage.open}" for victim, damage in damages.items()),
        "the same bytes as undisturbed" if same else "NOT the same bytes as undisturbed",
    )
    met = again <= _AT_ONCE and not lost and not doubled and same
    return Outcome(f"{again} repeated, {lost} lost, {doubled} doubled", met, notes)


def away(place: Place) -> Outcome:
    """The teacher is gone at half, for longer than every wait and retry."""
    still = _undisturbed(place)
    with open_teacher(place.folder, delay_ms=100) as teacher:
        run = Run(place.folder / "away", still.taxonomy, teacher, still.target, at_once=_AT_ONCE).start()
        try:
            run.reach(still.asked // 2)
            teacher.kill()
            time.sleep(_AWAY)
            teacher.start()
            failed = run.finish(short=True)["dead"]
        finally:
            run.stop()
        again, same = teacher.asked - still.asked, run.dataset() == still.dataset
    figure = f"{failed} failed, " + ("same bytes" if same else "OTHER bytes")
    notes = (f"away for {_AWAY:g} s after {still.asked // 2:,} calls; {again} of them made again",)
    return Outcome(figure, not failed and same, notes)


def bad_draw(place: Place) -> Outcome:
    """One draw of 400 is always answered with HTTP 400."""
    leaves = place.scale(10)
    taxonomy = write_taxonomy(place.folder / "taxonomy", leaves)
    with open_teacher(place.folder, delay_ms=20, acceptance=1, bad_draw=leaves * 20) as teacher:
        run = Run(place.folder / "run", taxonomy, teacher, 120, at_once=_AT_ONCE).start()
        try:
            summary = run.finish(short=True)
        finally:
            run.stop()
        refused = teacher.stats()["bad"]
    letters = _list_dead(run)
    met_targets = sum(leaf["accepted"] == leaf["target"] for leaf in summary["leaves"])
    notes = (
        f"about {leaves * 40} draws; {refused} calls answered with HTTP 400",
        *(f"{letter['step']} {letter['item'][:12]}: {letter['reason']}" for letter in letters),
    )
    figure = f"{met_targets} of {leaves} targets met, dead letters: {len(letters)}"
    told = [letter for letter in letters if "HTTP 400" in letter["reason"]]
    return Outcome(figure, met_targets == leaves and len(told) == len(letters) == 1, notes)


@dataclass(frozen=True)
class _Damage:
    open: int
    again: int
    lost: int
    doubled: int
    same: bool


def _undisturbed(place: Place) -> Undisturbed:
    taxonomy = write_taxonomy(place.folder / "taxonomy", place.scale(10))
    return run_undisturbed(place.folder, taxonomy, 75, _AT_ONCE, delay_ms=100)


def _kill_one(place: Place, still: Undisturbed, victim: str) -> _Damage:
    with open_teacher(place.folder, delay_ms=100) as teacher:
        run = Run(place.folder / victim, still.taxonomy, teacher, still.target, at_once=_AT_ONCE).start()
        try:
            run.reach(still.asked // 2)
            in_flight = teacher.stats()["in_flight"]
            if victim == "generate":
                run.kill_command()
                run.start()
            else:
                run.kill(victim)
            run.finish(short=True)
        finally:
            run.stop()
        again = teacher.asked - still.asked
    before, after = _samples(place.folder / "run"), _samples(run.folder)
    lost, doubled = len(set(before) - set(after)), len(after) - len(set(after))
    return _Damage(in_flight, again, lost, doubled, run.dataset() == still.dataset)


def _list_dead(run: Run) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "seedbed.cli", "dead", "list", "--state", str(run.state), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "services")}
    listed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in listed.stdout.splitlines()]


def _samples(run: Path) -> list[str]:
    table = pyarrow.parquet.read_table(run / "dataset" / "samples.parquet", columns=["id"])
    return [str(one) for one in table.column("id").to_pylist()]
