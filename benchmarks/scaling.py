"""Whether two workers do twice the work of one, until the teacher is the limit: `benchmarks/scaling.py`.

Each worker is given a small part of a core, as a pod with a limit of processor has it, so that the cores of
one machine are not what limits them: a process that has used its part of a tenth of a second is halted until
the next begins. The teacher takes so many calls at once and no more. Prints the calls a second of one, two
and four processes of each service. Linux only.
"""

import argparse
import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs by its path, too

from benchmarks.synthetic import write_taxonomy
from tests.faults.stage import Run, open_teacher, wait_for

WORKERS = ("knowledge", "judge")
PERIOD = 0.1
TICK = 0.002


class Part:
    """A process that is halted once it has used its part of a period."""

    def __init__(self, pid: int, share: float) -> None:
        self._pid = pid
        self._budget = share * PERIOD
        self._before = self._used()
        self._halted = False

    def begin(self) -> None:
        """A new period: it may go on."""
        self._before = self._used()
        self._send(signal.SIGCONT)
        self._halted = False

    def look(self) -> None:
        """Halt it where it has used its part."""
        if not self._halted and self._used() - self._before >= self._budget:
            self._send(signal.SIGSTOP)
            self._halted = True

    def _used(self) -> float:
        with contextlib.suppress(OSError):
            return int(Path(f"/proc/{self._pid}/schedstat").read_text().split()[0]) / 1e9
        return 0.0

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, number)


@contextlib.contextmanager
def held_to(share: float, processes: Sequence[int]) -> Iterator[None]:
    """Give each process that share of a core while this is open."""
    over = threading.Event()
    parts = [Part(process, share) for process in processes]

    def turn() -> None:
        while not over.is_set():
            ends = time.monotonic() + PERIOD
            for part in parts:
                part.begin()
            while time.monotonic() < ends:
                for part in parts:
                    part.look()
                time.sleep(TICK)
        for part in parts:
            part.begin()

    thread = threading.Thread(target=turn)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def measure(folder: Path, count: int, options: argparse.Namespace) -> float:
    """Calls a second with so many processes of each worker."""
    folder.mkdir()
    taxonomy = write_taxonomy(folder / "taxonomy", 20)
    with open_teacher(folder, delay_ms=options.delay_ms, acceptance=1) as teacher:
        run = Run(folder / "run", taxonomy, teacher, 2000, at_once=options.at_once).start()
        try:
            run.reach(100)
            more = [run.double(name) for name in _doubled(count)]
            firsts = [process for name in WORKERS if (process := run.process(name))]
            logs = [run.folder / f"{name}-{n + 2}.log" for n, name in enumerate(_doubled(count))]
            wait_for(lambda: all(b"serving" in log.read_bytes() for log in logs), "all serve")
            with held_to(options.share, [*(p.pid for p in firsts), *(p.pid for p in more)]):
                time.sleep(options.settle)
                before, began = teacher.asked, time.monotonic()
                time.sleep(options.seconds)
                pace = (teacher.asked - before) / (time.monotonic() - began)
            if run.ended:
                raise SystemExit("the run was over before it was measured; measure for fewer --seconds")
            return pace
        finally:
            run.stop()


def _doubled(count: int) -> list[str]:
    return [name for name in WORKERS for _ in range(count - 1)]


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=0.1, help="of a core, for each worker process")
    parser.add_argument("--at-once", type=int, default=64, help="calls the teacher takes at once")
    parser.add_argument("--delay-ms", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--settle", type=float, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    limit = options.at_once / options.delay_ms * 1000
    paces: dict[int, float] = {}
    if not options.json:
        print(f"the teacher's limit is {limit:.0f} calls/s; each process has {options.share:.1%} of a core")
    with tempfile.TemporaryDirectory(prefix="seedbed-bench-") as folder:
        for count in (1, 2, 4):
            pace = paces[count] = measure(Path(folder, str(count)), count, options)
            shares = f"{pace / paces[1]:.2f} times one, {pace / limit:.0%} of the limit"
            if not options.json:
                print(f"{count} of each worker: {pace:>6.0f} calls/s, {shares}", flush=True)
    if options.json:
        print(json.dumps({"limit": limit, "calls_a_second": paces}))


if __name__ == "__main__":
    main()
