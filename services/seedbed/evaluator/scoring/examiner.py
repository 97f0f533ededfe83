"""The examiner: a process with a student in it, which stays loaded from order to order.

`python -m seedbed.evaluator.scoring.examiner` reads orders as JSON, one a line, and answers each with one
line. What the libraries print goes to stderr. It ends when its orders do, and so with the process that gives
them.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from seedbed.kernel.errors import InputError, SeedbedError


class Examiner:
    """The process that holds a student in memory and scores it, as it is ordered by name."""

    def __init__(self) -> None:
        self._student: Any = None
        self._loaded: tuple[str, str, str] = ("", "", "")

    def load(self, base: str, tokenizer: str, turns: str = "keep") -> dict[str, Any]:
        """Have this base in memory; one that is there already stays."""
        from seedbed.evaluator.scoring.student import Student  # noqa: PLC0415  seconds, for whoever needs it

        if self._loaded != (base, tokenizer, turns):
            self._student = None
            self._student, self._loaded = Student(base, tokenizer, turns), (base, tokenizer, turns)
        return {"device": self._student.device, "loads": self._student.loads}

    def use(self, checkpoint: str) -> dict[str, Any]:
        """Put a checkpoint on the base; "" takes it off."""
        self._student.use(checkpoint)
        return {"loads": self._student.loads}

    def score(self, folder: str, tasks: list[str], system: str) -> list[dict[str, Any]]:
        """Likelihoods and choices for the exams of these tasks, a row for each question."""
        from seedbed.evaluator.scoring.lm_eval_scores import score  # noqa: PLC0415

        return [asdict(found) for found in score(self._student, folder, tasks, system)]

    def answer(self, prompts: list[str], system: str, tokens: int) -> list[str]:
        """The student's answers to prompts, of so many tokens at most, in their order."""
        from seedbed.evaluator.scoring.answers import answer  # noqa: PLC0415

        return answer(self._student, prompts, system, tokens)

    def check(self, folder: str) -> None:
        """See that the data of the benchmarks that are asked for can be read."""
        from seedbed.evaluator.exams.standard import check_benchmarks  # noqa: PLC0415

        check_benchmarks(folder)

    def benchmark(self, folder: str) -> list[dict[str, Any]]:
        """Scores on the standard benchmarks whose data are there, and which are not."""
        from seedbed.evaluator.exams.standard import run_benchmarks  # noqa: PLC0415

        return [asdict(found) for found in run_benchmarks(self._student, folder)]

    def carry_out(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """One order, and what came of it."""
        orders: dict[str, Callable[..., Any]] = {
            "load": self.load,
            "use": self.use,
            "score": self.score,
            "answer": self.answer,
            "benchmark": self.benchmark,
            "check": self.check,
        }
        try:
            return {"result": orders[order["order"]](**order["with"])}
        except SeedbedError as error:
            return {"error": error.message, "hint": error.hint, "input": isinstance(error, InputError)}
        except Exception as error:  # noqa: BLE001  whatever a model's code raises is returned to who asked
            return {"error": f"{type(error).__name__}: {error}", "hint": "", "input": False}


def main() -> None:
    """Carry out orders until there are no more."""
    # The libraries print: their stdout becomes ours for errors, and the answers have a way of their own.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    examiner = Examiner()
    for line in sys.stdin:
        answers.write(json.dumps(examiner.carry_out(json.loads(line)), ensure_ascii=False) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
