"""The judge's steps on the bus. Verdicts are kept as they are; accepting is for the gates of the recipe."""

from typing import Any, ClassVar

from seedbed.bus.v1.bus_pb2 import Sampling
from seedbed.judge.replies import GroundedJudgement, InstructionJudgement, PairJudgement
from seedbed.judge.v1.steps_pb2 import (
    GroundedInput,
    GroundedVerdict,
    InstructionInput,
    InstructionVerdict,
    PairInput,
    PairVerdict,
)
from seedbed.kernel.endpoint.prompt import Prompt
from seedbed.kernel.work.step import Step, Tools, Work
from seedbed.pipeline.items import Announce, Drop, Following
from seedbed.pipeline.kinds import Role
from seedbed.pipeline.kinds.knowledge import JUDGE_GROUNDED
from seedbed.pipeline.kinds.skills import JUDGE_INSTRUCTION, JUDGE_PAIR
from seedbed.pipeline.quotes import find_quote
from seedbed.pipeline.recipe import Recipe

# A judge shall say the same of the same, so it never samples.
_SAMPLING = Sampling(temperature=0.0, top_p=1.0, max_tokens=1024)


class JudgeInstruction(Step[InstructionInput, InstructionVerdict]):
    """Is this instruction worth an answer?"""

    name = JUDGE_INSTRUCTION.name
    version = 1
    prompt: ClassVar[Prompt[InstructionJudgement]] = Prompt.load(
        "seedbed.judge", "instruction", InstructionJudgement
    )
    role: ClassVar[Role] = "judge"
    sampling = _SAMPLING
    input_type = InstructionInput
    result_type = InstructionVerdict

    async def run(self, value: InstructionInput, tools: Tools) -> InstructionVerdict:
        """Ask the judge."""
        reply = await tools.ask(
            self.prompt, task=value.task_description, context=value.context, instruction=value.instruction
        )
        return InstructionVerdict(**reply.model_dump())

    def follow(self, work: Work[InstructionInput, InstructionVerdict], recipe: Recipe) -> Following:
        """Past the gate goes what was waiting behind it; before it the candidate ends."""
        reason = recipe.gates.check_instruction(work.result)
        if reason:
            return Following(drop=[Drop(work.candidate, "rejected", reason)])
        if work.then is None:
            return Following()
        return Following(announce=[Announce(work.then.step, work.then.input, work.candidate)])


class JudgePair(Step[PairInput, PairVerdict]):
    """How good is this response?"""

    name = JUDGE_PAIR.name
    version = 1
    prompt: ClassVar[Prompt[PairJudgement]] = Prompt.load("seedbed.judge", "pair", PairJudgement)
    role: ClassVar[Role] = "judge"
    sampling = _SAMPLING
    input_type = PairInput
    result_type = PairVerdict

    async def run(self, value: PairInput, tools: Tools) -> PairVerdict:
        """Ask the judge."""
        reply = await tools.ask(
            self.prompt,
            task=value.task_description,
            context=value.context,
            instruction=value.instruction,
            response=value.response,
        )
        return PairVerdict(score=reply.score, explanation=reply.explanation)


class JudgeGrounded(Step[GroundedInput, GroundedVerdict]):
    """Does this pair rest on its document?"""

    name = JUDGE_GROUNDED.name
    version = 1
    prompt: ClassVar[Prompt[GroundedJudgement]] = Prompt.load("seedbed.judge", "grounded", GroundedJudgement)
    role: ClassVar[Role] = "judge"
    sampling = _SAMPLING
    input_type = GroundedInput
    result_type = GroundedVerdict

    async def run(self, value: GroundedInput, tools: Tools) -> GroundedVerdict:
        """Ask the judge, and look for its quote in the document: its word alone proves nothing."""
        reply = await tools.ask(
            self.prompt,
            document=value.document,
            question=value.question,
            answer=value.answer,
            domain=value.domain,
        )
        verdict = GroundedVerdict(**reply.model_dump())
        span = find_quote(reply.evidence, value.document)
        if span:
            verdict.evidence_found = 1
            verdict.evidence_start, verdict.evidence_end = span
        return verdict


def all_steps() -> list[Step[Any, Any]]:
    """What this service works on."""
    return [JudgeInstruction(), JudgePair(), JudgeGrounded()]
