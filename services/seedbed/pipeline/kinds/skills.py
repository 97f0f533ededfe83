"""Skills: instructions after seed examples, each answered; a grounded one has contexts of its own. Pure."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from seedbed.judge.v1.steps_pb2 import InstructionVerdict, PairVerdict
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
from seedbed.pipeline.recipe import Gates, Recipe
from seedbed.skills.v1.steps_pb2 import (
    ContextInput,
    ContextResult,
    InstructInput,
    InstructResult,
    RespondResult,
)
from seedbed.taxonomy.v1.leaf_pb2 import Leaf, SeedExample


def _births(result: bytes) -> list[tuple[str, str]]:
    return [(text, "") for text in InstructResult.FromString(result).instructions]


# The last one first, as each names those that follow from it.
JUDGE_PAIR = StepEntry(
    name="judge.pair",
    asks="judge",
    gate=gate(PairVerdict, Gates.check_pair, ("score",), assumed=0.8),
)
RESPOND = StepEntry(
    name="skills.respond",
    asks="teacher",
    announces=(JUDGE_PAIR.name,),
    answer=lambda result: RespondResult.FromString(result).response,
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
)
INSTRUCT = StepEntry(
    name="skills.instruct", asks="teacher", announces=(JUDGE_INSTRUCTION.name,), births=_births
)
CONTEXT = StepEntry(
    name="skills.context",
    asks="teacher",
    announces=(INSTRUCT.name,),
    context=lambda result: ContextResult.FromString(result).context,
)


class FreeformSkill(LeafKind):
    """Seeds in turn, each asked again and again: the teacher's luck makes the difference."""

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
        """Instructions like the seed's."""
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
        """A context like the seed's."""
        seed = leaf.seeds[draw.seed]
        wanted = ContextInput(
            task_description=leaf.task_description, seed=seed, instructions=recipe.instructions
        )
        return Announce(CONTEXT.name, wanted, repeat=draw.repeat, origins=[origin(seed_digest(seed))])

    def context_of(self, seed: SeedExample) -> str:
        """The seed's own."""
        return seed.context
