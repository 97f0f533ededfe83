"""The examination of several checkpoints: each put on the one base, asked the same, weighed by one judge.

What was scored is kept in the store by what it depends on: an examination that is broken off, or one with a
checkpoint more, examines nobody twice.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seedbed.evaluator.exams.call_cache import CallCache
from seedbed.evaluator.exams.exam import Exam, Question
from seedbed.evaluator.exams.lm_eval_tasks import task_name
from seedbed.evaluator.exams.steps import RateAnswer
from seedbed.evaluator.scoring.comparisons import CheckpointResult
from seedbed.evaluator.scoring.examiner_client import ExaminerClient
from seedbed.evaluator.service.evaluations import digest_of, score_key
from seedbed.evaluator.v1.evaluation_pb2 import Measure
from seedbed.evaluator.v1.steps_pb2 import RateInput
from seedbed.kernel.errors import NotFound
from seedbed.kernel.identity import canonical_json
from seedbed.kernel.store.interface import Store

ANSWER_TOKENS = 256
VERSION = "2"
"""Raised when the code changes what a student's scores come to."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A checkpoint to examine, brought to this machine; the base has no folder of its own."""

    name: str
    digest: str
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Turns:
    """How a student is asked: with which system message, and what is made of it, as in its training."""

    system: str
    prepared: str


class Examination:
    """Examines candidates on the same exams."""

    def __init__(
        self,
        exams: Sequence[Exam],
        tasks: Path,
        turns: Turns,
        examiner: ExaminerClient,
        calls: CallCache,
        store: Store,
    ) -> None:
        self._exams = [exam for exam in exams if exam.questions]
        self._tasks = tasks
        self._system = turns.system
        self._turns = turns
        self._examiner = examiner
        self._calls = calls
        self._store = store
        self._skills = [q for exam in self._exams for q in exam.questions if q.task]

    async def examine(self, candidate: Candidate) -> CheckpointResult:
        """All scores of one candidate."""
        measured = await self._recall(candidate) or await self._examine(candidate)
        choices = {row["question"]: row["choice"] for row in measured["scores"] if row["choice"] is not None}
        result = CheckpointResult(
            candidate.name,
            {
                Measure.MEASURE_CHOICE: choices,
                Measure.MEASURE_LIKELIHOOD: {
                    row["question"]: row["likelihood"] for row in measured["scores"]
                },
            },
            answers=dict(zip((q.id for q in self._skills), measured["answers"], strict=True)),
        )
        await self._rate(result)
        return result

    async def _recall(self, candidate: Candidate) -> Any:
        try:
            return json.loads(await self._store.get(score_key(self._digest(candidate))))
        except NotFound:
            return None

    async def _examine(self, candidate: Candidate) -> Any:
        await self._examiner.order("use", checkpoint=candidate.folder)
        scores = await self._examiner.order(
            "score",
            folder=str(self._tasks),
            tasks=[task_name(exam.leaf) for exam in self._exams],
            system=self._system,
        )
        prompts = [question.prompt for question in self._skills]
        answers = (
            await self._examiner.order("answer", prompts=prompts, system=self._system, tokens=ANSWER_TOKENS)
            if prompts
            else []
        )
        measured = {"scores": scores, "answers": answers}
        await self._store.put(score_key(self._digest(candidate)), canonical_json(measured))
        return measured

    def _digest(self, candidate: Candidate) -> str:
        exams = [f"{exam.leaf}:{exam.digest()}" for exam in self._exams]
        asked = (self._turns.system, self._turns.prepared, str(ANSWER_TOKENS))
        return digest_of(VERSION, candidate.digest, *asked, *exams)

    async def _rate(self, result: CheckpointResult) -> None:
        values = [(_make_input(question, result.answers[question.id]), 0) for question in self._skills]
        results = await self._calls.ask_all(RateAnswer(), values)
        rated = zip(self._skills, results, strict=True)
        result.scores[Measure.MEASURE_RATING] = {
            question.id: float(answer.result.rating)
            for question, answer in rated
            if answer.result is not None
        }
        # What the judge said and nobody could read is no score: it is counted apart.
        result.unparsed = frozenset(
            question.id
            for question, answer in zip(self._skills, results, strict=True)
            if answer.result is None
        )


def _make_input(question: Question, answer: str) -> RateInput:
    return RateInput(
        task_description=question.task,
        context=question.context,
        instruction=question.question,
        reference=question.reference,
        response=answer,
    )
