"""When contributions came, by a taxonomy's own history: `python benchmarks/arrivals.py REPOSITORY > FILE`.

A line a commit: seconds since the first, and how many leaves it made or changed. `arrivals.csv` is that of
the public InstructLab taxonomy.
"""

import subprocess
import sys
from pathlib import Path

RECORD = Path(__file__).with_name("arrivals.csv")
LOG = ["log", "--reverse", "--format=@%ct", "--name-only", "--diff-filter=AM", "--", "*qna.yaml"]


def read_history(repository: Path) -> list[tuple[int, int]]:
    """Seconds since the first, and leaves, of every commit that brought some."""
    said = subprocess.run(
        ["git", "-C", str(repository), *LOG], check=True, capture_output=True, text=True
    ).stdout
    leaves: dict[int, int] = {}
    when = 0
    for line in said.splitlines():
        if line.startswith("@"):
            when = int(line[1:])
        elif line:
            leaves[when] = leaves.get(when, 0) + 1
    first = min(leaves)
    return [(when - first, count) for when, count in sorted(leaves.items())]


def read_record(path: Path = RECORD) -> list[tuple[int, int]]:
    """A record as it was written."""
    rows = [line.split(",") for line in path.read_text().splitlines()[1:]]
    return [(int(when), int(count)) for when, count in rows]


if __name__ == "__main__":
    print("second,leaves")
    for when, count in read_history(Path(sys.argv[1])):
        print(f"{when},{count}")
