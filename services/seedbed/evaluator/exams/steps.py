"""What the evaluator asks teacher and judge: questions to examine with, and ratings of answers."""

from typing import ClassVar

from seedbed.bus.v1.bus_pb2 import Sampling
from seedbed.evaluator.exams.question_checks import are_distinct, stands_in
from seedbed.evaluator.exams.replies import ChoiceQuestions, Rating
from seedbed.evaluator.v1.steps_pb2 import (
    ChoiceQuestion,
    QuestionInput,
    QuestionResult,
    RateInput,
    RateResult,
)
from seedbed.kernel.endpoint.prompt import Prompt
from seedbed.kernel.work.step import Step, Tools
from seedbed.pipeline.kinds import Role


class WriteQuestions(Step[QuestionInput, QuestionResult]):
    """Questions about one passage, each with its right answer and three wrong ones."""

    name = "evaluator.question"
    version = 1
    prompt: ClassVar[Prompt[ChoiceQuestions]] = Prompt.load("seedbed.evaluator", "question", ChoiceQuestions)
    role: ClassVar[Role] = "teacher"
    sampling = Sampling(temperature=0.7, top_p=0.95, max_tokens=4096)
    input_type = QuestionInput
    result_type = QuestionResult

    async def run(self, value: QuestionInput, tools: Tools) -> QuestionResult:
        """Ask for questions; more than were asked for, and those that cannot examine, are left."""
        reply = await tools.ask(
            self.prompt,
            document=value.chunk,
            headings=list(value.headings),
            domain=value.domain,
            outline=value.document_outline,
            examples=list(value.examples),
            count=value.questions,
        )
        asked = (
            ChoiceQuestion(
                question=choice.question,
                answer=choice.answer,
                wrong=choice.wrong,
                evidence=choice.evidence,
                evidence_found=int(stands_in(choice.evidence, value.chunk)),
            )
            for choice in reply.questions[: value.questions]
            if are_distinct(choice.answer, choice.wrong)
        )
        return QuestionResult(questions=asked)


class RateAnswer(Step[RateInput, RateResult]):
    """How well one answer does what was asked, from 1 to 10."""

    name = "evaluator.rate"
    version = 1
    prompt: ClassVar[Prompt[Rating]] = Prompt.load("seedbed.evaluator", "rate", Rating)
    role: ClassVar[Role] = "judge"
    # A judge shall say the same of the same, so it never samples.
    sampling = Sampling(temperature=0.0, top_p=1.0, max_tokens=1024)
    input_type = RateInput
    result_type = RateResult

    async def run(self, value: RateInput, tools: Tools) -> RateResult:
        """Ask the judge to rate an answer from 1 to 10."""
        reply = await tools.ask(
            self.prompt,
            task=value.task_description,
            context=value.context,
            instruction=value.instruction,
            reference=value.reference,
            response=value.response,
        )
        return RateResult(rating=reply.rating, explanation=reply.explanation)
