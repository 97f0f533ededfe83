"""What telemetry costs: CPU a call with it off, at the default sampling, and with all traced, in turns.

`python benchmarks/telemetry.py --rounds 11`. Each round is a run of the whole stack for each of the three, in
an order that changes from round to round; the collector and the mock endpoint are counted apart. The cost is
the median of the rounds' ratios.
"""

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs by its path, too

from benchmarks import throughput
from benchmarks.synthetic import write_taxonomy
from tests.faults.stage import Run, Teacher, open_teacher

BARS = {"default": 0.03, "all": 0.25}
_MODES: dict[str, dict[str, str]] = {
    "off": {},
    "default": {},
    "all": {"SEEDBED_TRACE_RATIO": "1"},
}
_APART = ("mock_endpoint.py", "seedbed.collector")
_TARGET = 150


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument(
        "--modes", default="off,default,all", help="which of them, parted by commas; off first"
    )
    parser.add_argument("--leaves", type=int, default=20)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--delay-ms", type=float, default=30)
    options = parser.parse_args()
    spent: dict[str, list[dict[str, float]]] = {mode: [] for mode in options.modes.split(",")}
    with tempfile.TemporaryDirectory(prefix="seedbed-bench-") as name:
        folder = Path(name)
        taxonomy = write_taxonomy(folder / "taxonomy", options.leaves)
        with open_collector(folder) as url:
            for number in range(options.rounds):
                for mode in _turned(list(spent), number):
                    place = folder / f"{number}-{mode}"
                    spent[mode].append(_measure(place, taxonomy, mode, url, options))
                figures = ", ".join(f"{mode} {sum(spent[mode][-1].values()) * 1000:.3f} ms" for mode in spent)
                print(f"round {number + 1}: {figures}", flush=True)
    _report(spent)


def _turned(modes: list[str], number: int) -> list[str]:
    start = number % len(modes)
    return modes[start:] + modes[:start]


@contextlib.contextmanager
def open_collector(folder: Path) -> Iterator[str]:
    """A collector that keeps what it is told in a folder."""
    command = [sys.executable, "-m", "seedbed.collector", "--listen", "127.0.0.1:0", "--folder", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield next(word for word in process.stdout.readline().split() if word.startswith("http")).rstrip(",")
    finally:
        process.terminate()
        process.wait()


def _measure(
    folder: Path, taxonomy: Path, mode: str, url: str, options: argparse.Namespace
) -> dict[str, float]:
    """CPU seconds a call by process, without the first and the last fifth of a run."""
    folder.mkdir()
    told = {} if mode == "off" else {"SEEDBED_OTLP_ENDPOINT": url, **_MODES[mode]}
    with open_teacher(folder, delay_ms=options.delay_ms, acceptance=1) as teacher:
        run = Run(folder / "run", taxonomy, teacher, _TARGET, told, at_once=options.at_once).start()
        try:
            moments = _follow(run, teacher)
            run.finish()
        finally:
            run.stop()
    calls = moments[-1][0]
    inner = [moment for moment in moments if calls * 0.2 <= moment[0] <= calls * 0.8]
    (first, before), (last, after) = inner[0], inner[-1]
    return {name: (seconds - before.get(name, 0)) / (last - first) for name, seconds in after.items()}


def _follow(run: Run, teacher: Teacher) -> list[tuple[int, dict[str, float]]]:
    moments = []
    while not run.ended:
        moments.append((int(teacher.stats()["answered"]), _cpu_seconds()))
        time.sleep(0.1)
    return moments


def _cpu_seconds() -> dict[str, float]:
    seconds: defaultdict[str, float] = defaultdict(float)
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            name = throughput.name_of(child.cmdline())
            if name not in _APART:
                seconds[name] += sum(child.cpu_times()[:2])
    return seconds


def _report(spent: dict[str, list[dict[str, float]]]) -> None:
    totals = {mode: [sum(figures.values()) for figures in rounds] for mode, rounds in spent.items()}
    print(f"{'':10}{'CPU a call':>12}{'more than off':>16}{'bar':>8}")
    for mode, figures in totals.items():
        ratios = [figure / off - 1 for figure, off in zip(figures, totals["off"], strict=True)]
        cost, bar = statistics.median(ratios), BARS.get(mode)
        more = "" if bar is None else f"{cost:>16.1%}{bar:>8.0%}  {'met' if cost < bar else 'MISSED'}"
        print(f"{mode:10}{statistics.median(figures) * 1000:>9.3f} ms{more}")
        names = sorted({name for one in spent[mode] for name in one if name})
        each = {name: statistics.median(one.get(name, 0) for one in spent[mode]) * 1000 for name in names}
        print(f"{'':10}{', '.join(f'{name} {found:.3f}' for name, found in each.items())}")


if __name__ == "__main__":
    main()
