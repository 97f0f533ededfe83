"""The standard benchmarks, as lm-eval has them, over data that lie in a folder: nothing is fetched.

`DIR/<benchmark>/` is the benchmark's data set as its owners publish it: a copy of the hub's repository. One
that is not there is named, never left out without a word.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager

from seedbed.evaluator.scoring import wrap
from seedbed.evaluator.student import Student


@dataclass(frozen=True, slots=True)
class Standard:
    """One benchmark: its tasks' files in lm-eval, and how its makers ask it (LAB's paper likewise)."""

    name: str
    tasks: str
    shots: int
    metric: str


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one benchmark."""

    name: str
    shots: int
    score: float | None = None
    standard_error: float | None = None
    questions: int = 0
    reason: str = ""


STANDARDS = (
    Standard("mmlu", "mmlu/default/mmlu_*.yaml", 5, "acc,none"),
    Standard("arc", "arc/arc_challenge.yaml", 25, "acc_norm,none"),
    Standard("hellaswag", "hellaswag/hellaswag.yaml", 10, "acc_norm,none"),
    Standard("winogrande", "winogrande/default.yaml", 5, "acc,none"),
    Standard("gsm8k", "gsm8k/gsm8k.yaml", 5, "exact_match,strict-match"),
)


def run_benchmarks(student: Student, folder: str) -> list[Found]:
    """All of them, in order."""
    return [_run(standard, student, Path(folder).expanduser().resolve()) for standard in STANDARDS]


def _run(standard: Standard, student: Student, folder: Path) -> Found:
    data = folder / standard.name
    if not data.is_dir():
        return Found(standard.name, standard.shots, reason=f"its data are not at hand: there is no {data}")
    with tempfile.TemporaryDirectory(prefix="seedbed-benchmark-") as place:
        names = list(_write_tasks(standard, data, Path(place)))
        try:
            found = simple_evaluate(
                model=wrap(student),
                tasks=names,
                task_manager=TaskManager(include_path=place, include_defaults=False),
                num_fewshot=standard.shots,
                log_samples=False,
            )
        except Exception as error:  # noqa: BLE001  data that are not what their folder's name says, in any way
            reason = f"its data in {data} cannot be read: {type(error).__name__}: {error}"
            return Found(standard.name, standard.shots, reason=reason)
    return _read(standard, [found["results"][name] for name in names], found["n-samples"])


def _write_tasks(standard: Standard, data: Path, place: Path) -> Iterator[str]:
    """lm-eval's own tasks, over data that are here."""
    for path in sorted(Path(str(files("lm_eval.tasks"))).glob(standard.tasks)):
        name = f"seedbed_{standard.name}_{path.stem}"
        task = {"include": str(path), "task": name, "dataset_path": str(data)}
        (place / f"{name}.yaml").write_text(yaml.safe_dump(task), encoding="utf-8")
        yield name


def _read(standard: Standard, results: list[dict[str, Any]], counts: dict[str, Any]) -> Found:
    """The unweighted mean over a benchmark's tasks, as its makers report it."""
    stem, _, kind = standard.metric.partition(",")
    scores = [float(result[standard.metric]) for result in results]
    errors = [float(result[f"{stem}_stderr,{kind}"]) for result in results]
    return Found(
        standard.name,
        standard.shots,
        score=sum(scores) / len(scores),
        standard_error=sum(error**2 for error in errors) ** 0.5 / len(errors),
        questions=sum(int(count["effective"]) for count in counts.values()),
    )
