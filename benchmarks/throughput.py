"""Throughput of the whole stack against a mock endpoint: `python benchmarks/throughput.py`.

Brings up every service as `seedbed generate` does, with an endpoint on the same machine that answers any
schema after 100 ms, and prints calls, seconds, the share of the ideal (calls x delay / at once / span), CPU a
call and the largest resident size of each process.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs by its path, too

from benchmarks.synthetic import write_taxonomy

SEEDBED = Path(sys.executable).parent / "seedbed"
_PROGRAMS = ("nats-server", "mock_endpoint.py")


@dataclass(frozen=True)
class Measured:
    """What one run took."""

    calls: int
    span: float
    share: float
    cpu_per_call: float
    most_at_once: int
    samples: int
    processes: dict[str, tuple[float, float]]
    """Largest resident size in MB and CPU seconds, by name."""
    summary: dict[str, Any]


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=8)
    parser.add_argument("--target", type=int, default=375)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--delay-ms", type=float, default=100)
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seedbed-bench-") as folder:
        measured = measure(options.keep or Path(folder), options)
    print(f"samples          {measured.samples:>8}")
    print(f"calls            {measured.calls:>8}")
    print(f"seconds          {measured.span:>8.1f}   from the first request to the last reply")
    print(f"calls a second   {measured.calls / measured.span:>8.0f}")
    print(
        f"share of ideal   {measured.share:>8.1%}   {options.at_once} at once, {options.delay_ms:g} ms a call"
    )
    print(f"most at once     {measured.most_at_once:>8}")
    print(f"CPU a call       {measured.cpu_per_call * 1000:>8.2f} ms   all processes of the stack")
    for name, (size, seconds) in sorted(measured.processes.items()):
        print(f"{name:<26} {size:>5.0f} MB {seconds:>6.1f} s of CPU, start included")


def measure(folder: Path, options: argparse.Namespace) -> Measured:
    """Make one run in a folder and measure it."""
    taxonomy = write_taxonomy(folder / "taxonomy", options.leaves)
    command = [sys.executable, str(Path(__file__).with_name("mock_endpoint.py")), "--listen", "127.0.0.1:0"]
    command += ["--delay-ms", str(options.delay_ms)]
    mock = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert mock.stdout is not None
        url = next(word for word in mock.stdout.readline().split() if word.startswith("http"))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        summary, processes = _generate(folder, taxonomy, url, options)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        with urllib.request.urlopen(url.replace("/v1", "/stats")) as response:
            stats = json.load(response)
    finally:
        mock.terminate()
        mock.wait()
    # The look whether the endpoint is there has no schema.
    calls, span = stats["answered"] - stats["by_schema"].get("", 0), stats["last"] - stats["first"]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    ideal = calls * options.delay_ms / 1000 / options.at_once
    most = stats["most_at_once"]
    return Measured(calls, span, ideal / span, cpu / calls, most, summary["samples"], processes, summary)


def _generate(
    folder: Path, taxonomy: Path, url: str, options: argparse.Namespace
) -> tuple[dict[str, Any], dict[str, tuple[float, float]]]:
    command = [str(SEEDBED), "generate", str(taxonomy), "--teacher", url, "--model", "mock", "--json"]
    command += ["--target", str(options.target), "--concurrency", str(options.at_once)]
    command += ["--state", str(folder / "state"), "--out", str(folder / "dataset")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=sys.stderr, text=True)
    processes: dict[str, tuple[float, float]] = {}
    while process.poll() is None:
        for child in psutil.Process(process.pid).children(recursive=True):
            _note(child, processes)
        time.sleep(0.25)
    assert process.stdout is not None
    lines = process.stdout.read().strip().splitlines()
    if process.returncode not in (0, 3) or not lines:
        raise SystemExit(f"seedbed generate ended with {process.returncode}")
    return json.loads(lines[-1]), processes


def _note(child: psutil.Process, processes: dict[str, tuple[float, float]]) -> None:
    try:
        words, size, times = child.cmdline(), child.memory_info().rss / 1e6, child.cpu_times()
    except psutil.Error:
        return
    if name := name_of(words):
        before = processes.get(name, (0.0, 0.0))
        processes[name] = (max(before[0], size), max(before[1], times.user + times.system))


def name_of(words: list[str]) -> str:
    """What a process of the stack is called, by its command line; "" for others."""
    known = (word for word in words if word.startswith("seedbed.") or word.endswith(_PROGRAMS))
    return next(known, "").rpartition("/")[2]


if __name__ == "__main__":
    main()
