"""The standard benchmarks, as lm-eval has them, over data that lie in a folder: nothing is fetched.

`DIR/<benchmark>/` is the benchmark's data set as its owners publish it: a copy of the hub's repository. What
is there is asked for, and has to be read; what is not is named, never left out without a word.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager

from seedbed.evaluator.exams.benchmarks import LAYOUT, STANDARDS, Standard, find_asked
from seedbed.evaluator.scoring.lm_eval_scores import wrap
from seedbed.evaluator.scoring.student import Student
from seedbed.kernel.errors import InputError

__all__ = ["STANDARDS", "Found", "check_benchmarks", "run_benchmarks"]


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one benchmark."""

    name: str
    shots: int
    score: float | None = None
    standard_error: float | None = None
    questions: int = 0
    reason: str = ""


def check_benchmarks(folder: str) -> None:
    """See that the data can be read of all that is asked for, at the price of looking. Raises InputError."""
    for standard, data in _asked(folder):
        with tempfile.TemporaryDirectory(prefix="seedbed-benchmark-") as place:
            names = list(_write_tasks(standard, data, Path(place)))
            with _naming_data(standard, data):
                found = TaskManager(include_path=place, include_defaults=False).load(names)["tasks"]
                for task in found.values():
                    question = task.eval_docs[0]
                    task.doc_to_text(question)
                    task.doc_to_target(question)
                    next(iter(task.fewshot_docs()))


def run_benchmarks(student: Student, folder: str) -> list[Found]:
    """All of them, in order; what was not asked for is named. Raises InputError."""
    asked = {standard.name: data for standard, data in _asked(folder)}
    return [
        _run(standard, student, asked[standard.name])
        if standard.name in asked
        else Found(
            standard.name,
            standard.shots,
            reason=f"it was not asked for: there is no {standard.name} in {folder}",
        )
        for standard in STANDARDS
    ]


def _asked(folder: str) -> list[tuple[Standard, Path]]:
    place = Path(folder).expanduser().resolve()
    return [(standard, place / standard.name) for standard in find_asked(place)]


@contextmanager
def _naming_data(standard: Standard, data: Path) -> Iterator[None]:
    """Whatever is wrong with data that are not what their folder's name says. Raises InputError."""
    try:
        yield
    except Exception as error:
        # The libraries that read them have no errors of one kind.
        raise InputError(
            f"the data of {standard.name} in {data} cannot be read: {type(error).__name__}: {error}",
            hint=LAYOUT,
        ) from error


def _run(standard: Standard, student: Student, data: Path) -> Found:
    with tempfile.TemporaryDirectory(prefix="seedbed-benchmark-") as place, _naming_data(standard, data):
        names = list(_write_tasks(standard, data, Path(place)))
        found = simple_evaluate(
            model=wrap(student),
            tasks=names,
            task_manager=TaskManager(include_path=place, include_defaults=False),
            num_fewshot=standard.shots,
            log_samples=False,
        )
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
