"""What Seedbed must show, measured here, beside what the field came to: `python benchmarks/table.py`.

`--row edit` measures one row alone, `--row kill,away` two; `--size 0.1` makes each as much smaller for a
look, `--times 3` takes the median of the timed ones. It reports: the exit status is 0 whatever it finds.
"""

import argparse
import sys
import tempfile
import time
import traceback
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs by its path, too

from benchmarks import field
from benchmarks.outcome import Outcome, Place, Row
from benchmarks.rows import counts, faults, long, recall, speed

ROWS = (
    Row(
        "share",
        "4,000 calls of 100 ms, 64 at once: share of the ideal",
        "≥ 90 %",
        speed.share,
        field.SHARE,
        timed=True,
    ),
    Row(
        "rate",
        "calls a second, 256 at once, two workers a step",
        "≥ 1,600",
        speed.rate,
        field.RATE,
        timed=True,
    ),
    Row(
        "rate-synced",
        "the same, the broker with `sync_interval: always`",
        "≥ 800",
        speed.rate_synced,
        timed=True,
    ),
    Row(
        "kill",
        "SIGKILL of any one process at half: calls repeated, samples lost, doubled",
        "≤ 64; 0; 0",
        faults.kill,
        field.KILL,
    ),
    Row("away", "teacher away in the middle", "0 failed, the same bytes", faults.away),
    Row(
        "edit",
        "500 leaves, one seed edited: calls / rows",
        "only what holds the seed; no stale row",
        recall.edit,
        field.EDIT,
    ),
    Row(
        "again",
        "finished run again; threshold changed with --no-refill; an edit taken back",
        "0 calls each, the same bytes",
        recall.again,
        field.AGAIN,
    ),
    Row(
        "refused",
        "endpoint takes 16 at once, else 429: seconds for 2,000 calls, calls refused",
        "≤ 15 s, < 5 %",
        speed.refused,
        field.REFUSED,
        timed=True,
    ),
    Row(
        "bad-draw",
        "one draw of 400 always gets HTTP 400",
        "all targets met, one dead letter",
        faults.bad_draw,
        field.BAD_ROW,
    ),
    Row(
        "exact",
        "target 100 on each of 50 leaves at 60 % acceptance; calls spent on accepted but not needed",
        "exactly 100 each, < 15 %",
        counts.exact,
    ),
    Row(
        "long",
        "100,000 samples beside 10,000, answered at once: cost a sample, memory of every process",
        "≤ 1.2 times, flat",
        long.grow,
    ),
)


def main() -> None:
    """Measure the rows asked for, and print them."""
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--row", default=",".join(names), help="which, parted by commas: " + ", ".join(names))
    parser.add_argument("--size", type=float, default=1.0, help="1: as the bars are meant")
    parser.add_argument("--times", type=int, default=1, help="how often a timed row is measured")
    options = parser.parse_args()
    wanted = options.row.split(",")
    if unknown := [name for name in wanted if name not in names]:
        parser.error(f"no such row: {', '.join(unknown)}; there are {', '.join(names)}")
    console = Console(soft_wrap=True, highlight=False, markup=False)
    rows = [row for row in ROWS if row.name in wanted]
    outcomes = [(row, _measure(row, options.size, options.times, console)) for row in rows]
    # Six systems side by side do not fit the 80 columns of a pipe.
    wide = console if console.width >= 140 and console.is_terminal else Console(width=170)
    wide.print(_draw(outcomes))
    console.print(f"* {field.FOOTNOTE}")
    if options.size != 1:
        console.print(f"Measured at {options.size:g} of the size that the bars speak of.")


def _measure(row: Row, size: float, times: int, console: Console) -> Outcome:
    console.print(f"{row.name}: {row.what}")
    began = time.monotonic()
    found = [_measure_once(row, size) for _ in range(times if row.timed else 1)]
    outcome = sorted(found, key=lambda one: one.value)[len(found) // 2]
    if len(found) > 1:
        every = ", ".join(one.figure for one in found)
        outcome = replace(outcome, notes=(*outcome.notes, f"the median of {every}"))
    verdict = "met" if outcome.met else "MISSED"
    console.print(f"    {outcome.figure}   must {row.must}: {verdict}")
    for note in outcome.notes:
        console.print(f"    {note}")
    console.print(f"    ({time.monotonic() - began:.0f} s)\n")
    return outcome


def _measure_once(row: Row, size: float) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="seedbed-bench-", ignore_cleanup_errors=True) as folder:
        try:
            return row.measure(Place(Path(folder), size))
        # One row that cannot be measured is told, and the others are measured still.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            told = traceback.format_exc().strip().splitlines()
            return Outcome(f"not measured: {type(error).__name__}", met=False, notes=tuple(told[-12:]))


def _draw(outcomes: list[tuple[Row, Outcome]]) -> Table:
    table = Table(show_lines=True)
    for heading in ("", "must", "Seedbed", "bar", *(f"{peer}*" for peer in field.PEERS)):
        table.add_column(heading)
    for row, outcome in outcomes:
        bar = "met" if outcome.met else "MISSED"
        table.add_row(row.what, row.must, outcome.figure, bar, *(row.field or ["–"] * len(field.PEERS)))
    return table


if __name__ == "__main__":
    main()
