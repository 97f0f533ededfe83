"""A million samples in one run: `python benchmarks/million.py`, or `make million`.

The endpoint answers at once, so what is measured is the stack itself. Takes some twenty minutes on two idle
cores, and 10 GB below TMPDIR; `--samples 50000 --leaves 25` for a look.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs by its path, too

from benchmarks.rows.long import describe, run_long


def main() -> None:
    """Make the run, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--leaves", type=int, default=500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seedbed-million-", ignore_cleanup_errors=True) as folder:
        found = run_long(Path(folder) / "million", options.leaves, options.samples)
    print(f"{options.leaves:,} leaves; {describe(found)}; {found.seconds / 60:.1f} minutes")
    for name, size in sorted(found.peaks.items()):
        print(f"{name:<26} {size:>5.0f} MB at most {found.cpu[name]:>8.1f} s of CPU")


if __name__ == "__main__":
    main()
