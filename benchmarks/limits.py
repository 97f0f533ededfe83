"""An endpoint that takes so many calls at once and answers 429 beyond: `python benchmarks/limits.py`.

Brings up the whole stack as `seedbed generate` does, so three worker processes, on a mock endpoint that takes
16 calls of 100 ms at once and answers the others with `Retry-After: 1`. Prints seconds, the share of calls
refused and the most that were in flight.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs by its path, too

from benchmarks.synthetic import write_taxonomy

SEEDBED = Path(sys.executable).parent / "seedbed"


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=10)
    parser.add_argument("--target", type=int, default=150)
    parser.add_argument("--takes", type=int, default=16, help="calls the endpoint takes at once")
    parser.add_argument("--retry-after", type=float, default=1)
    parser.add_argument("--delay-ms", type=float, default=100)
    parser.add_argument("--concurrency", default="64", help="what Seedbed may try; `auto` begins with few")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seedbed-bench-") as folder:
        figures = measure(options.keep or Path(folder), options)
    if options.json:
        print(json.dumps(figures))
        return
    print(f"calls answered   {figures['calls']:>8}")
    print(f"seconds          {figures['seconds']:>8.1f}   ideal {figures['ideal']:.1f}")
    print(f"for 2,000 calls  {figures['seconds_for_2000']:>8.1f}   ideal {figures['ideal_for_2000']:.1f}")
    print(f"refused          {figures['refused']:>8.2%}   of all requests")
    print(f"most at once     {figures['most_at_once']:>8}   asked for {options.concurrency}")
    waiting = figures["waiting"]
    print(
        f"waiting, mean    {waiting['judge']:>8.1f}   for a judge; {waiting['generate']:.1f} for a generator"
    )


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Make one run in a folder and measure it."""
    taxonomy = write_taxonomy(folder / "taxonomy", options.leaves)
    command = [sys.executable, str(Path(__file__).with_name("mock_endpoint.py")), "--listen", "127.0.0.1:0"]
    command += ["--delay-ms", str(options.delay_ms), "--limit", str(options.takes)]
    command += ["--retry-after", str(options.retry_after)]
    mock = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert mock.stdout is not None
        url = next(word for word in mock.stdout.readline().split() if word.startswith("http"))
        waiting = _generate(folder, taxonomy, url, options)
        stats = _read(url.replace("/v1", "/stats"))
    finally:
        mock.terminate()
        mock.communicate()
    calls, seconds = stats["answered"], stats["last"] - stats["first"]
    ideal = options.delay_ms / 1000 / options.takes
    # The pauses come once, however many calls follow.
    return {
        "calls": calls,
        "seconds": seconds,
        "ideal": calls * ideal,
        "seconds_for_2000": seconds + (2000 - calls) * (seconds / calls if calls < 2000 else ideal),
        "ideal_for_2000": 2000 * ideal,
        "refused": stats["refused"] / stats["requests"],
        "most_at_once": stats["most_at_once"],
        "waiting": waiting,
    }


def _generate(folder: Path, taxonomy: Path, url: str, options: argparse.Namespace) -> dict[str, float]:
    command = [str(SEEDBED), "generate", str(taxonomy), "--teacher", url, "--model", "mock", "--json"]
    command += ["--target", str(options.target), "--concurrency", str(options.concurrency)]
    command += ["--state", str(folder / "state"), "--out", str(folder / "dataset")]
    stats = url.replace("/v1", "/stats")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=sys.stderr)
    while process.poll() is None and not _read(stats)["requests"]:
        time.sleep(0.05)
    # That was the look at the endpoint before anything is started, which takes longer than a call.
    urllib.request.urlopen(urllib.request.Request(stats, method="DELETE")).close()
    waited: dict[str, list[int]] = {"judge": [], "generate": []}
    while process.poll() is None:
        _look_at_queues(folder / "state", waited)
        time.sleep(0.2)
    if process.returncode not in (0, 3):
        raise SystemExit(f"seedbed generate ended with {process.returncode}")
    return {kind: statistics.mean(counts or [0]) for kind, counts in waited.items()}


def _look_at_queues(state: Path, waited: dict[str, list[int]]) -> None:
    """Note how many items wait for a judge, and how many for a generator."""
    with contextlib.suppress(OSError, KeyError, ValueError):
        port = json.loads((state / "ports.json").read_text())["nats-monitor"]
        streams = _read(f"http://127.0.0.1:{port}/jsz?consumers=true")["account_details"][0]["stream_detail"]
        [work] = [stream for stream in streams if stream["name"] == "WORK"]
        counts = {"judge": 0, "generate": 0}
        for consumer in work.get("consumer_detail", ()):
            counts["judge" if "judge" in consumer["name"] else "generate"] += consumer["num_pending"]
        for kind, count in counts.items():
            waited[kind].append(count)


def _read(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url) as response:
        stats: dict[str, Any] = json.load(response)
    return stats


if __name__ == "__main__":
    main()
