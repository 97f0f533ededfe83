"""Skills: instructions after seed examples, each answered; a grounded one has contexts of its own. Pure."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from seedbed.judge.v1.steps_pb2 import InstructionInput, InstructionVerdict, PairInput, PairVerdict
from seedbed.kernel.identity import origin
from seedbed.pipeline.items import Announce
from seedbed.pipeline.kinds.entry import (
    Draw,
    Kind,
    LeafKind,
    Passage,
    Rows,
    StepEntry,
    gate,
    seed_digest,
)
from seedbed.pipeline.kinds.typical import FRAME, Basis, Typical
from seedbed.pipeline.recipe import Gates, Recipe
from seedbed.pipeline.tokens import count_tokens
from seedbed.skills.v1.steps_pb2 import (
    ContextInput,
    ContextResult,
    InstructInput,
    InstructResult,
    RespondInput,
    RespondResult,
)
from seedbed.taxonomy.v1.leaf_pb2 import Leaf, SeedExample


def _births(result: bytes) -> list[tuple[str, str]]:
    return [(text, "") for text in InstructResult.FromString(result).instructions]


def _typical_context(basis: Basis) -> Typical:
    count, context = basis.recipe.instructions, basis.seed.context
    wanted = ContextInput(task_description=basis.leaf.task_description, seed=basis.seed, instructions=count)
    return Typical(wanted, count_tokens(context) + FRAME)


def _typical_instruct(basis: Basis) -> Typical:
    count, context = basis.recipe.instructions, basis.seed.context
    task = basis.leaf.task_description
    wanted = InstructInput(task_description=task, seed=basis.seed, context=context, instructions=count)
    return Typical(wanted, count * (count_tokens(basis.pair.question) + FRAME // 2))


def _typical_respond(basis: Basis) -> Typical:
    wanted = RespondInput(seed=basis.seed, **_asked(basis))
    return Typical(wanted, count_tokens(basis.pair.answer) + FRAME)


def _asked(basis: Basis) -> dict[str, str]:
    """The fields that the inputs of all steps of a candidate have."""
    task, context = basis.leaf.task_description, basis.seed.context
    return {"task_description": task, "context": context, "instruction": basis.pair.question}


# The last one first, as each names those that follow from it.
JUDGE_PAIR = StepEntry(
    name="judge.pair",
    asks="judge",
    gate=gate(PairVerdict, Gates.check_pair, ("score",), assumed=0.8),
    typical=lambda basis: Typical(PairInput(response=basis.pair.answer, **_asked(basis)), basis.verdict),
)
RESPOND = StepEntry(
    name="skills.respond",
    asks="teacher",
    announces=(JUDGE_PAIR.name,),
    answer=lambda result: RespondResult.FromString(result).response,
    typical=_typical_respond,
)
JUDGE_INSTRUCTION = StepEntry(
    name="judge.instruction",
    asks="judge",
    announces=(RESPOND.name,),
    gate=gate(
        InstructionVerdict,
        Gates.check_instruction,
        ("answerable", "well_formed", "safe", "relevant"),
        assumed=0.9,
    ),
    typical=lambda basis: Typical(InstructionInput(**_asked(basis)), basis.verdict),
)
INSTRUCT = StepEntry(
    name="skills.instruct",
    asks="teacher",
    announces=(JUDGE_INSTRUCTION.name,),
    births=_births,
    typical=_typical_instruct,
)
CONTEXT = StepEntry(
    name="skills.context",
    asks="teacher",
    announces=(INSTRUCT.name,),
    context=lambda result: ContextResult.FromString(result).context,
    typical=_typical_context,
)


class FreeformSkill(LeafKind):
    """Seeds in turn, each asked again and again: the teacher's sampling makes the difference."""

    name = Kind.FREEFORM_SKILL
    of_draw: ClassVar[tuple[StepEntry, ...]] = (INSTRUCT,)
    of_candidate = (JUDGE_INSTRUCTION, RESPOND, JUDGE_PAIR)
    skills_rows = Rows(samples=("skill",))

    def candidates_of_draw(self, recipe: Recipe) -> int:
        """As many as an instruction is asked for at a time."""
        return recipe.instructions

    def list_draws(
        self, leaf: Leaf, passages: Sequence[Passage], form: str, recipe: Recipe
    ) -> Iterator[Draw]:
        """Every seed once, then every seed once more."""
        del passages, form
        rounds = recipe.repeats * max(1, recipe.target // max(1, len(leaf.seeds)))
        return (Draw(seed, repeat) for repeat in range(rounds) for seed in range(len(leaf.seeds)))

    def open_draw(self, leaf: Leaf, draw: Draw, recipe: Recipe) -> Announce:
        """The item that asks for instructions like the seed's."""
        seed = leaf.seeds[draw.seed]
        wanted = InstructInput(
            task_description=leaf.task_description, seed=seed, instructions=recipe.instructions
        )
        return Announce(INSTRUCT.name, wanted, repeat=draw.repeat, origins=[origin(seed_digest(seed))])


class GroundedSkill(FreeformSkill):
    """Each draw has a context of its own written first."""

    name = Kind.GROUNDED_SKILL
    of_draw = (CONTEXT, INSTRUCT)

    def open_draw(self, leaf: Leaf, draw: Draw, recipe: Recipe) -> Announce:
        """The item that asks for a context like the seed's."""
        seed = leaf.seeds[draw.seed]
        wanted = ContextInput(
            task_description=leaf.task_description, seed=seed, instructions=recipe.instructions
        )
        return Announce(CONTEXT.name, wanted, repeat=draw.repeat, origins=[origin(seed_digest(seed))])

    def context_of(self, seed: SeedExample) -> str:
        """The context that the seed brings along."""
        return seed.context
