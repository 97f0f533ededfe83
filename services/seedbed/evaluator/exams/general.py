"""The general set: what a student should not lose while it learns something else. Reads one shipped file."""

import json
from importlib.resources import files

from seedbed.evaluator.exams.exam import Exam, Question
from seedbed.evaluator.scoring.comparisons import GENERAL
from seedbed.kernel.errors import InputError, Violation
from seedbed.kernel.identity import sha256_hex


def read_general(data: bytes) -> Exam:
    """The general exam, from JSON lines; the shipped one where there are none. Raises InputError."""
    shipped = not data
    if shipped:
        data = files("seedbed.evaluator").joinpath("general.jsonl").read_bytes()
    questions, faults = [], []
    for number, line in enumerate(data.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            questions.append(_read(json.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
            faults.append(Violation(f"general, line {number}", f"{type(error).__name__}: {error}"))
    if faults or not questions:
        raise InputError(
            "the general set cannot be read" if faults else "the general set is empty",
            faults,
            hint='a line: {"question": …, "choices": […], "answer": 0} or {"question": …, "reference": …}',
        )
    return Exam(GENERAL, "general", len(questions), tuple(questions))


def _read(row: dict[str, object]) -> Question:
    question, choices = str(row["question"]).strip(), row.get("choices") or []
    if not isinstance(choices, list) or not question:
        raise ValueError("needs a question, and choices as a list")
    answer = row.get("answer", 0)
    if not isinstance(answer, int) or (choices and not 0 <= answer < len(choices)):
        raise ValueError(f"answer {answer!r} is none of the choices' numbers")
    reference = str(choices[answer] if choices else row["reference"])
    return Question(
        id=sha256_hex(f"{question}\0{reference}")[:32],
        leaf=GENERAL,
        question=question,
        reference=reference,
        choices=tuple(str(choice) for choice in choices),
        answer=answer,
    )
