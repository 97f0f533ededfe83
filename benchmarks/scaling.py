"""Whether two workers do twice the work of one, until the teacher is the limit: `benchmarks/scaling.py`.

A run of the whole stack with one, two and four processes of each worker. Each process has so many calls in
flight at most, as a pod of the chart has (`slots`), and the teacher answers so many at once; a call takes so
long that all of it is waiting, and the cores of one machine are not what limits it. One pair is asked of a
draw, so that both steps have as much to do. Prints calls a second.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs by its path, too

from benchmarks.synthetic import write_taxonomy
from tests.faults.stage import Run, open_teacher, wait_for

WORKERS = ("knowledge", "judge")
RECIPE = "pairs: 1\n"
COUNTS = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class Pace:
    """What so many processes of each worker came to."""

    calls: float
    """A second."""
    in_flight: int
    """The most calls at once."""
    cores: float
    """That all processes of the stack took together, without the teacher."""


def measure(folder: Path, count: int, options: argparse.Namespace) -> Pace:
    """The pace of so many processes of each worker, once all are at work."""
    folder.mkdir()
    taxonomy = write_taxonomy(folder / "taxonomy", 20)
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE)
    slots = {"SEEDBED_SLOTS": str(options.slots)}
    with open_teacher(folder, delay_ms=options.delay * 1000, acceptance=1) as teacher:
        asked = ("--recipe", str(recipe))
        run = Run(folder / "run", taxonomy, teacher, 2000, slots, options.at_once, asked).start()
        try:
            run.reach(options.slots)
            more = [name for name in WORKERS for _ in range(count - 1)]
            doubles = [run.double(name) for name in more]
            logs = [run.folder / f"{name}-{number + 2}.log" for number, name in enumerate(more)]
            wait_for(lambda: all(b"serving" in log.read_bytes() for log in logs), "all serve")
            time.sleep(options.settle * options.delay)
            processes = [*run.processes(), *(psutil.Process(double.pid) for double in doubles)]
            before, used, began = teacher.stats()["answered"], _cpu(processes), time.monotonic()
            time.sleep(options.rounds * options.delay)
            stats, took = teacher.stats(), time.monotonic() - began
            if run.ended:
                raise SystemExit("the run was over before it was measured; measure for fewer --rounds")
            return Pace(
                (stats["answered"] - before) / took, stats["most_at_once"], (_cpu(processes) - used) / took
            )
        finally:
            run.stop()


def _cpu(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slots", type=int, default=16, help="calls in flight of one process, at most")
    parser.add_argument("--at-once", type=int, default=96, help="calls that the teacher takes at once")
    parser.add_argument("--delay", type=float, default=1.0, help="seconds that a call takes")
    parser.add_argument("--rounds", type=int, default=20, help="of calls, for which is measured")
    parser.add_argument("--settle", type=int, default=12, help="rounds of calls before that")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    limit = options.at_once / options.delay
    paces: dict[int, Pace] = {}
    if not options.json:
        print(f"the teacher's limit is {limit:.0f} calls/s; a process has {options.slots} in flight at most")
        print("of each  calls/s  to one  of the limit  at once  cores")
    with tempfile.TemporaryDirectory(prefix="seedbed-bench-") as folder:
        for count in COUNTS:
            pace = paces[count] = measure(Path(folder, str(count)), count, options)
            if not options.json:
                print(
                    f"{count:>7} {pace.calls:>8.1f} {pace.calls / paces[1].calls:>7.2f}"
                    f" {pace.calls / limit:>13.0%} {pace.in_flight:>8} {pace.cores:>6.2f}",
                    flush=True,
                )
    if options.json:
        rows = {
            count: {name: getattr(pace, name) for name in Pace.__slots__} for count, pace in paces.items()
        }
        print(json.dumps({"limit": limit, "processes": rows}))


if __name__ == "__main__":
    main()
