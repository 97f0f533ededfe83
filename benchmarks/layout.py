"""How the code is laid out: `python benchmarks/layout.py [COMMIT …]`, the working tree where none is named.

Of the modules of `services/seedbed`, generated stubs aside: how many there are, how long they are, and how
many entries stand side by side in a folder.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
CODE = PurePosixPath("services/seedbed")
SHORT = 40


def list_modules(commit: str) -> Iterator[tuple[PurePosixPath, int]]:
    """Each module of a commit, or of the working tree (""), with the number of its lines."""
    named = _git("ls-tree", "-r", "--name-only", commit, str(CODE)) if commit else _git("ls-files", str(CODE))
    for name in named.splitlines():
        path = PurePosixPath(name)
        if (
            path.suffix == ".py"
            and not path.stem.endswith(("_pb2", "_pb2_grpc"))
            and path.parent.name != "v1"
        ):
            text = _git("show", f"{commit}:{name}") if commit else (ROOT / name).read_text(encoding="utf-8")
            yield path.relative_to(CODE), len(text.splitlines())


def describe(modules: dict[PurePosixPath, int]) -> Iterator[str]:
    """The counts, a line each. `__init__.py` counts as no module: it says what its folder is for."""
    lines = [count for path, count in modules.items() if path.name != "__init__.py"]
    yield f"{len(lines)} modules, {sum(lines):,} lines"
    yield f"median {median(lines):.0f} lines, longest {max(lines)}"
    yield f"{sum(count < SHORT for count in lines)} modules under {SHORT} lines"
    entries = count_entries(modules)
    yield "entries a folder: " + ", ".join(f"{folder} {count}" for folder, count in entries.most_common(12))


def count_entries(modules: dict[PurePosixPath, int]) -> Counter[str]:
    """Modules and folders that stand side by side in each folder."""
    inside: dict[str, set[str]] = {}
    for path in modules:
        for above, entry in zip(path.parents, (path, *path.parents), strict=False):
            if entry.name != "__init__.py":
                inside.setdefault(str(above), set()).add(entry.name)
    return Counter({folder: len(names) for folder, names in inside.items()})


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True, encoding="utf-8"
    ).stdout


if __name__ == "__main__":
    for commit in sys.argv[1:] or [""]:
        print(commit or "the working tree")
        print("\n".join(f"  {line}" for line in describe(dict(list_modules(commit)))))
