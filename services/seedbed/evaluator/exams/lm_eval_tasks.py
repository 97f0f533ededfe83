"""Exams as tasks of lm-eval, in the form upstream gives its branch benchmarks: YAML and JSON lines. Pure.

The folder can be taken anywhere: a task names its questions by their bare name, to be run from there.
"""

import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import yaml

from seedbed.evaluator.exams.exam import Exam
from seedbed.kernel.identity import leaf_token

TAG = "seedbed"
VERSION = 1


def task_name(leaf: str) -> str:
    """A task's name: readable, and no two leaves share it."""
    readable = re.sub(r"[^a-z0-9]+", "_", PurePosixPath(leaf).name.lower()).strip("_")
    return f"{TAG}_{readable or 'leaf'}_{leaf_token(leaf)[:8]}"


def write_task(exam: Exam, folder: str = "") -> Iterator[tuple[str, bytes]]:
    """The files of a leaf's task, by name; with `folder`, its questions are named by their whole path."""
    name = task_name(exam.leaf)
    questions = f"{name}.jsonl"
    where = str(PurePosixPath(folder) / questions) if folder else questions
    task = {
        "task": name,
        "tag": [TAG],
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": where}},
        "test_split": "test",
        "doc_to_text": "{{prompt}}",
        **(_choice() if exam.questions and exam.questions[0].choices else _likelihood()),
        "metadata": {"version": VERSION, "leaf": exam.leaf, "digest": exam.digest()},
    }
    yield f"{name}.yaml", yaml.safe_dump(task, sort_keys=False, allow_unicode=True).encode()
    rows = (
        {
            "id": question.id,
            "prompt": question.prompt,
            "choices": list(question.choices),
            "answer": question.answer,
            "reference": question.reference,
            "evidence": question.evidence,
            "source": question.source,
        }
        for question in exam.questions
    )
    yield questions, "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()


def _choice() -> dict[str, object]:
    metrics = [
        {"metric": name, "aggregation": "mean", "higher_is_better": True} for name in ("acc", "acc_norm")
    ]
    return {
        "output_type": "multiple_choice",
        "doc_to_choice": "{{choices}}",
        "doc_to_target": "answer",
        "metric_list": metrics,
    }


def _likelihood() -> dict[str, object]:
    # Not perplexity: of a whole answer that a student has never seen it is beyond what a float can hold.
    metric = {"metric": "acc", "aggregation": "mean", "higher_is_better": True}
    return {"output_type": "loglikelihood", "doc_to_target": "{{reference}}", "metric_list": [metric]}
