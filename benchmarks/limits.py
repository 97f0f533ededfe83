"""An endpoint that takes so many calls at once and answers 429 beyond: `python benchmarks/limits.py`.

Brings up the whole stack as `seedbed generate` does, so three worker processes, on a mock endpoint that takes
16 calls of 100 ms at once and answers the others with `Retry-After: 1`. Prints seconds, the share of calls
refused and the most that were in flight.
"""

import argparse
import json
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
        _generate(folder, taxonomy, url, options)
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
    }


def _generate(folder: Path, taxonomy: Path, url: str, options: argparse.Namespace) -> None:
    command = [str(SEEDBED), "generate", str(taxonomy), "--teacher", url, "--model", "mock", "--json"]
    command += ["--target", str(options.target), "--concurrency", str(options.concurrency)]
    command += ["--state", str(folder / "state"), "--out", str(folder / "dataset")]
    stats = url.replace("/v1", "/stats")
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    while process.poll() is None and not _read(stats)["requests"]:
        time.sleep(0.05)
    # That was the look at the endpoint before anything is started, which takes longer than a call.
    urllib.request.urlopen(urllib.request.Request(stats, method="DELETE")).close()
    process.communicate()
    if process.returncode not in (0, 3):
        raise SystemExit(f"seedbed generate ended with {process.returncode}")


def _read(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url) as response:
        stats: dict[str, Any] = json.load(response)
    return stats


if __name__ == "__main__":
    main()
