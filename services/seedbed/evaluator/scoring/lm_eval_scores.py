"""Scores of a student on exams, by lm-eval in this process. Offline: a task's data lie beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lm_eval import simple_evaluate
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

from seedbed.evaluator.scoring.student import Student
from seedbed.kernel.chat_templates import form_of

_BATCH = 16


@dataclass(frozen=True, slots=True)
class Score:
    """One question's; `choice` is 1 where the right one was likeliest, None where there was no choice."""

    question: str
    choice: float | None
    likelihood: float
    """Mean log likelihood of a token of the right answer, in nats."""


def score(student: Student, folder: str, tasks: Sequence[str], system: str) -> list[Score]:
    """Put the tasks of a folder to the student, asked as its training rows ask."""
    templated = bool(student.tokenizer.chat_template)
    found = simple_evaluate(
        model=wrap(student),
        tasks=list(tasks),
        task_manager=TaskManager(include_path=folder, include_defaults=False),
        num_fewshot=0,
        bootstrap_iters=0,
        log_samples=True,
        apply_chat_template=templated,
        system_instruction=system if templated and system.strip() else None,
    )
    samples = (sample for task in tasks for sample in found["samples"][task])
    return [_read(sample, student.tokenizer) for sample in samples]


class _Asked(HFLM):  # type: ignore[misc]  # lm-eval comes without types
    """A student that is asked in turns, as lm-eval takes it."""

    def __init__(self, student: Student) -> None:
        super().__init__(
            pretrained=student.model, tokenizer=student.tokenizer, batch_size=_BATCH, device=student.device
        )
        self._student = student

    def apply_chat_template(self, chat_history: list[Any], add_generation_prompt: bool = True) -> str:  # noqa: FBT001, FBT002  so it is called
        """A conversation up to where its answer begins, what comes before answers included."""
        del add_generation_prompt
        return self._student.write(chat_history) + form_of(self._student.tokenizer).lead


def wrap(student: Student) -> HFLM:
    """The student as a model of lm-eval, asked in memory: no weights are loaded again."""
    return _Asked(student)


def _read(sample: dict[str, Any], tokenizer: Any) -> Score:
    question = sample["doc"]
    likelihoods = [float(results[0]) for results in sample["filtered_resps"]]
    right = question["answer"] if question["choices"] else 0
    tokens = len(tokenizer(question["reference"], add_special_tokens=False)["input_ids"])
    return Score(
        question=question["id"],
        # By length, so that a short answer is not likelier for being short.
        choice=float(sample["acc_norm"]) if question["choices"] else None,
        likelihood=likelihoods[right] / max(1, tokens),
    )
