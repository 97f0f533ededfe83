"""The standard benchmarks: how their makers ask them, and how their data have to lie in a folder."""

from dataclasses import dataclass
from pathlib import Path

from seedbed.kernel.errors import InputError


@dataclass(frozen=True, slots=True)
class Standard:
    """One benchmark: its tasks' files in lm-eval, and how its makers ask it (LAB's paper likewise)."""

    name: str
    tasks: str
    shots: int
    metric: str


STANDARDS = (
    Standard("mmlu", "mmlu/default/mmlu_*.yaml", 5, "acc,none"),
    Standard("arc", "arc/arc_challenge.yaml", 25, "acc_norm,none"),
    Standard("hellaswag", "hellaswag/hellaswag.yaml", 10, "acc_norm,none"),
    Standard("winogrande", "winogrande/default.yaml", 5, "acc,none"),
    Standard("gsm8k", "gsm8k/gsm8k.yaml", 5, "exact_match,strict-match"),
)
_NAMES = tuple(standard.name for standard in STANDARDS)
LAYOUT = (
    f"DIR has a folder for each benchmark that is wanted, named {', '.join(_NAMES[:-1])} or {_NAMES[-1]}: "
    "a copy of its data set's repository on the hub"
)


def find_asked(folder: Path) -> list[Standard]:
    """The benchmarks that a folder asks for. Raises InputError where it asks for none, or for others."""
    try:
        found = {path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")}
    except OSError as error:
        raise InputError(
            f"the benchmarks' folder {folder} cannot be read: {error.strerror or error}", hint=LAYOUT
        ) from error
    strange = sorted(found - set(_NAMES))
    if strange:
        raise InputError(f"{folder} holds {', '.join(strange)}, which is no benchmark's name", hint=LAYOUT)
    if not found:
        raise InputError(f"{folder} holds no benchmark", hint=LAYOUT)
    return [standard for standard in STANDARDS if standard.name in found]
