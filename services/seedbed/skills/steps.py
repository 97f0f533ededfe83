"""The skills steps on the bus: a context where the skill is grounded, instructions, responses."""

from typing import Any, ClassVar

from seedbed.bus.v1.bus_pb2 import Follower, Sampling
from seedbed.judge.v1.steps_pb2 import InstructionInput, PairInput
from seedbed.kernel.endpoint.prompt import Prompt
from seedbed.kernel.identity import message_bytes
from seedbed.kernel.work.step import Step, Tools, Work
from seedbed.pipeline.items import Announce, Drop, Following, candidate_id
from seedbed.pipeline.kinds import Role
from seedbed.pipeline.kinds.skills import CONTEXT, INSTRUCT, JUDGE_INSTRUCTION, JUDGE_PAIR, RESPOND
from seedbed.pipeline.recipe import Recipe
from seedbed.skills.core import LANGUAGE, sift, speaks_like
from seedbed.skills.persona import persona_of
from seedbed.skills.replies import Instructions, SkillContext, SkillResponse
from seedbed.skills.v1.steps_pb2 import (
    ContextInput,
    ContextResult,
    InstructInput,
    InstructResult,
    RespondInput,
    RespondResult,
)


class WriteContext(Step[ContextInput, ContextResult]):
    """A new context for a grounded skill."""

    name = CONTEXT.name
    version = 1
    prompt: ClassVar[Prompt[SkillContext]] = Prompt.load("seedbed.skills", "context", SkillContext)
    role: ClassVar[Role] = "teacher"
    sampling = Sampling(temperature=0.9, top_p=0.95, max_tokens=2048)
    input_type = ContextInput
    result_type = ContextResult

    async def run(self, value: ContextInput, tools: Tools) -> ContextResult:
        """Ask for one context."""
        reply = await tools.ask(
            self.prompt,
            task=value.task_description,
            example_context=value.seed.context,
            examples=list(value.seed.pairs),
        )
        return ContextResult(context=reply.context)

    def follow(self, work: Work[ContextInput, ContextResult], recipe: Recipe) -> Following:
        """Instructions about the new context."""
        del recipe
        wanted = InstructInput(
            task_description=work.input.task_description,
            seed=work.input.seed,
            context=work.result.context,
            instructions=work.input.instructions,
        )
        return Following(announce=[Announce(INSTRUCT.name, wanted)])


class WriteInstructions(Step[InstructInput, InstructResult]):
    """New instructions: here the candidates of a skill are born."""

    name = INSTRUCT.name
    version = 1
    prompt: ClassVar[Prompt[Instructions]] = Prompt.load("seedbed.skills", "instruct", Instructions)
    role: ClassVar[Role] = "teacher"
    sampling = Sampling(temperature=0.9, top_p=0.95, max_tokens=2048)
    input_type = InstructInput
    result_type = InstructResult

    async def run(self, value: InstructInput, tools: Tools) -> InstructResult:
        """Ask for instructions; more than were asked for are left."""
        reply = await tools.ask(
            self.prompt,
            task=value.task_description,
            example_context=value.seed.context,
            examples=list(value.seed.pairs),
            context=value.context,
            count=value.instructions,
        )
        return InstructResult(instructions=reply.instructions[: value.instructions])

    def follow(self, work: Work[InstructInput, InstructResult], recipe: Recipe) -> Following:
        """Each new instruction goes to the judge, with the response waiting behind it."""
        value = work.input
        announce, drop = [], []
        sifted = sift(work.result.instructions, value.seed, value.context, recipe.duplicate_threshold)
        for index, instruction in enumerate(sifted):
            candidate = candidate_id(work.digest, index)
            if instruction.end:
                drop.append(Drop(candidate, instruction.end, instruction.reason))
            else:
                announce.append(_judged(value, instruction.text, candidate))
        return Following(announce=announce, drop=drop)


def _judged(value: InstructInput, instruction: str, candidate: str) -> Announce:
    response = RespondInput(
        task_description=value.task_description,
        seed=value.seed,
        context=value.context,
        instruction=instruction,
        persona=persona_of(value.task_description, value.seed),
    )
    question = InstructionInput(
        task_description=value.task_description, context=value.context, instruction=instruction
    )
    then = Follower(step=RESPOND.name, input=message_bytes(response))
    return Announce(JUDGE_INSTRUCTION.name, question, candidate, then=then)


class WriteResponse(Step[RespondInput, RespondResult]):
    """The answer to one instruction."""

    name = RESPOND.name
    version = 1
    prompt: ClassVar[Prompt[SkillResponse]] = Prompt.load("seedbed.skills", "respond", SkillResponse)
    role: ClassVar[Role] = "teacher"
    sampling = Sampling(temperature=0.7, top_p=0.95, max_tokens=2048)
    input_type = RespondInput
    result_type = RespondResult

    async def run(self, value: RespondInput, tools: Tools) -> RespondResult:
        """Ask for the answer."""
        reply = await tools.ask(
            self.prompt,
            task=value.task_description,
            example_context=value.seed.context,
            examples=list(value.seed.pairs),
            persona=value.persona,
            context=value.context,
            instruction=value.instruction,
        )
        return RespondResult(response=reply.response)

    def follow(self, work: Work[RespondInput, RespondResult], recipe: Recipe) -> Following:
        """The pair goes to the judge, unless it has left the language of the seeds."""
        del recipe
        value = work.input
        spoken = [text for pair in value.seed.pairs for text in (pair.answer, pair.question)]
        if not speaks_like(work.result.response, [*spoken, value.instruction]):
            return Following(drop=[Drop(work.candidate, "rejected", LANGUAGE)])
        pair = PairInput(
            task_description=value.task_description,
            context=value.context,
            instruction=value.instruction,
            response=work.result.response,
        )
        return Following(announce=[Announce(JUDGE_PAIR.name, pair, work.candidate)])


def all_steps() -> list[Step[Any, Any]]:
    """What this service works on."""
    return [WriteContext(), WriteInstructions(), WriteResponse()]
