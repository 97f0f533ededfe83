"""The field's systems on the mock endpoint, beside Seedbed: `python benchmarks/peers/run.py` or `make peers`.

Each peer is a public package at a pinned version, in a virtual environment of its own in the user's cache;
one that cannot be installed is said to be so. The job is in `job.py`, how a peer does it in `<peer>_job.py`.
It reports: the exit status is 0 whatever it finds. `--peer curator,datatrove` and `--row share,kill` choose,
`--size 0.1` is a look.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that it runs by its path, too

from benchmarks.outcome import Outcome, Place
from benchmarks.peers.lives import AT_ONCE, PATIENCE, Life, end
from benchmarks.peers.packages import PEERS, Peer
from benchmarks.rows import faults, recall, speed
from tests.faults.stage import open_teacher

Measure = Callable[[Place], str]


def share(peer: Peer, place: Place) -> str:
    """4,000 calls of 100 ms as 2,000 rows."""
    rows = place.scale(2000)
    with open_teacher(place.folder, delay_ms=100, acceptance=1) as teacher:
        wrong = Life(peer, place.folder / "job", teacher, rows).run()
        stats = teacher.stats()
    if wrong:
        return wrong
    took = stats["last"] - stats["opened"]
    return f"{2 * rows * 0.1 / AT_ONCE / took:.0%} ({took:.1f} s)"


def kill(peer: Peer, place: Place) -> str:
    """SIGKILL when half of the calls are made, and again."""
    rows = place.scale(1000)
    with open_teacher(place.folder, delay_ms=50, acceptance=1) as teacher:
        life = Life(peer, place.folder / "job", teacher, rows)
        process = life.start()
        deadline = time.monotonic() + PATIENCE
        while teacher.stats()["requests"] < rows and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.02)
        end(process)
        wrong = life.run()
        repeated = int(teacher.stats()["requests"]) - 2 * rows
    return wrong or f"{max(0, repeated)} of {2 * rows}, {len(life.made())} rows"


def bad_row(peer: Peer, place: Place) -> str:
    """One row gets HTTP 400 however often it is asked."""
    rows = place.scale(200)
    # Not among the first: of what works in batches the first one decides on more than itself.
    bad_text = f"item {rows * 3 // 4}."
    with open_teacher(place.folder, delay_ms=10, acceptance=1, bad_request_match=bad_text) as teacher:
        life = Life(peer, place.folder / "job", teacher, rows)
        wrong = life.run()
        bad = teacher.stats()["bad"]
    whole = sum(bool(row.get("first") and row.get("second")) for row in life.made())
    return f"{wrong or f'{whole} of {rows - 1} others'}, asked {bad} times"


def edit(peer: Peer, place: Place) -> str:
    """A finished run again; then one row is edited."""
    rows = place.scale(500)
    with open_teacher(place.folder, delay_ms=10, acceptance=1) as teacher:
        life = Life(peer, place.folder / "job", teacher, rows)
        told = []
        for texts in (life.texts, life.texts, {**life.texts, 17: "another item"}):
            life.write(texts)
            before = int(teacher.stats()["requests"])
            wrong = life.run()
            told.append((wrong, int(teacher.stats()["requests"]) - before, life.made()))
    if told[0][0]:
        return told[0][0]
    again, edited = (wrong or f"{calls} calls, {len(made)} rows" for wrong, calls, made in told[1:])
    stale = any(row["text"] == "item 17" for row in told[2][2])
    return f"again {again}; edited {edited}{', stale' if stale else ''}"


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    name: str
    what: str
    measure: Callable[[Peer, Place], str]
    own: Callable[[Place], Outcome]
    """Seedbed's own measure of it, as `make bench` has it."""
    own_size: float

    def measure_own(self, place: Place) -> str:
        """Seedbed's figure."""
        return self.own(Place(place.folder, place.size * self.own_size)).figure


LINES = (
    Line("share", "4,000 calls of 100 ms, 64 at once: share of the ideal", share, speed.share, 1),
    Line("kill", "SIGKILL at half, and again: calls repeated", kill, faults.kill, 0.1),
    Line("bad-row", "one row always gets HTTP 400", bad_row, faults.bad_draw, 1),
    Line("edit", "the finished job again; one row edited", edit, recall.edit, 0.1),
)


def main() -> None:
    """Measure, and print."""
    names, lines = [peer.name for peer in PEERS], [line.name for line in LINES]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", default=",".join([*names, "seedbed"]))
    parser.add_argument("--row", default=",".join(lines))
    parser.add_argument("--size", type=float, default=1.0)
    given = parser.parse_args()
    console = Console(soft_wrap=True, highlight=False, markup=False)
    rows = [line for line in LINES if line.name in given.row.split(",")]
    table = Table("", show_lines=True)
    found: list[list[str]] = [[line.what] for line in rows]
    for title, wrong, measures in _subjects(given.peer.split(","), rows):
        table.add_column(title)
        for line, measure, cells in zip(rows, measures, found, strict=True):
            told = f"cannot be installed: {wrong}" if wrong else _tell(measure, given.size)
            console.print(f"{title}, {line.name}: {told}")
            cells.append(told)
    for cells in found:
        table.add_row(*cells)
    (console if console.is_terminal else Console(width=170)).print(table)
    console.print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, Python {platform.python_version()}")


def _subjects(names: list[str], rows: list[Line]) -> Iterator[tuple[str, str, list[Measure]]]:
    """Who is measured: title, why it cannot be, and how each line is measured."""
    if "seedbed" in names:
        yield "Seedbed", "", [line.measure_own for line in rows]
    for peer in PEERS:
        if peer.name in names:
            yield peer.title, peer.install(), [partial(line.measure, peer) for line in rows]


def _tell(measure: Measure, size: float) -> str:
    with tempfile.TemporaryDirectory(prefix="seedbed-peers-", ignore_cleanup_errors=True) as folder:
        try:
            return measure(Place(Path(folder), size))
        # One that cannot be measured is told, and the others are measured still.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            return f"not measured: {error!r}"[:200]


if __name__ == "__main__":
    main()
