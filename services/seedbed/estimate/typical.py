"""A typical item of each step, and how long the reply to it may be: made of the leaf's own seeds. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from google.protobuf.message import Message

from seedbed.estimate.assumptions import Assumptions
from seedbed.judge.v1.steps_pb2 import GroundedInput, InstructionInput, PairInput
from seedbed.knowledge.v1.steps_pb2 import Chunk, GenerateInput
from seedbed.pipeline.kinds import kind_of
from seedbed.pipeline.kinds.knowledge import AUGMENT, GENERATE, JUDGE_GROUNDED, augment_input
from seedbed.pipeline.kinds.skills import CONTEXT, INSTRUCT, JUDGE_INSTRUCTION, JUDGE_PAIR, RESPOND
from seedbed.pipeline.recipe import Recipe
from seedbed.pipeline.tokens import count_tokens
from seedbed.skills.v1.steps_pb2 import ContextInput, InstructInput, RespondInput
from seedbed.taxonomy.v1.leaf_pb2 import Leaf, QuestionAndAnswer, SeedExample

_FRAME = 12
"""Tokens of JSON about a question with its answer."""


@dataclass(frozen=True, slots=True)
class Typical:
    """An item's input, and the tokens of a reply to it."""

    input: Message
    reply: int


def typical_items(leaf: Leaf, seed: SeedExample, recipe: Recipe, given: Assumptions) -> dict[str, Typical]:
    """One item of each step that asks, as it may come of this seed."""
    about = _Model(leaf, seed, recipe, given)
    return {step.name: TYPICAL[step.name](about) for step in kind_of(leaf.kind).steps if step.asks}


@dataclass(frozen=True)
class _Model:
    """A seed as the model of what is made after it."""

    leaf: Leaf
    seed: SeedExample
    recipe: Recipe
    given: Assumptions

    @property
    def pair(self) -> QuestionAndAnswer:
        return self.seed.pairs[0]

    @property
    def about(self) -> dict[str, str]:
        """What every step of a skill's candidate is told."""
        task, context = self.leaf.task_description, self.seed.context
        return {"task_description": task, "context": context, "instruction": self.pair.question}

    @cached_property
    def chunk(self) -> Chunk:
        return Chunk(text="word " * chunk_tokens(self.leaf, self.recipe, self.given), headings=["Heading"])

    def mean(self, part: str) -> int:
        """Tokens of the seed's questions, or of its answers."""
        return sum(count_tokens(getattr(pair, part)) for pair in self.seed.pairs) // len(self.seed.pairs)


def _context(model: _Model) -> Typical:
    leaf, seed = model.leaf, model.seed
    wanted = ContextInput(
        task_description=leaf.task_description, seed=seed, instructions=model.recipe.instructions
    )
    return Typical(wanted, count_tokens(seed.context) + _FRAME)


def _instruct(model: _Model) -> Typical:
    leaf, seed, count = model.leaf, model.seed, model.recipe.instructions
    wanted = InstructInput(
        task_description=leaf.task_description, seed=seed, context=seed.context, instructions=count
    )
    return Typical(wanted, count * (count_tokens(model.pair.question) + _FRAME // 2))


def _respond(model: _Model) -> Typical:
    return Typical(RespondInput(seed=model.seed, **model.about), count_tokens(model.pair.answer) + _FRAME)


def _judge_instruction(model: _Model) -> Typical:
    return Typical(InstructionInput(**model.about), model.given.verdict_tokens)


def _judge_pair(model: _Model) -> Typical:
    return Typical(PairInput(response=model.pair.answer, **model.about), model.given.verdict_tokens)


def _augment(model: _Model) -> Typical:
    leaf, given = model.leaf, model.given
    wanted = augment_input(
        model.chunk, "detailed_summary", document_outline=leaf.document_outline, domain=leaf.domain
    )
    length = chunk_tokens(leaf, model.recipe, given)
    return Typical(wanted, int(length * given.retold_share) + _FRAME)


def _generate(model: _Model) -> Typical:
    leaf, chunk, count = model.leaf, model.chunk, model.recipe.pairs
    wanted = GenerateInput(
        source=chunk.text,
        chunk=chunk.text,
        headings=chunk.headings,
        seed=model.seed,
        domain=leaf.domain,
        document_outline=leaf.document_outline,
        form="short",
        pairs=count,
    )
    return Typical(wanted, count * (model.mean("question") + model.mean("answer") + _FRAME))


def _judge_grounded(model: _Model) -> Typical:
    pair, domain = model.pair, model.leaf.domain
    wanted = GroundedInput(
        document=model.chunk.text, question=pair.question, answer=pair.answer, domain=domain
    )
    return Typical(wanted, model.given.verdict_tokens + model.mean("answer"))


TYPICAL: Mapping[str, Callable[[_Model], Typical]] = {
    CONTEXT.name: _context,
    INSTRUCT.name: _instruct,
    RESPOND.name: _respond,
    JUDGE_INSTRUCTION.name: _judge_instruction,
    JUDGE_PAIR.name: _judge_pair,
    AUGMENT.name: _augment,
    GENERATE.name: _generate,
    JUDGE_GROUNDED.name: _judge_grounded,
}
"""By step; a test says which is missing."""


def chunk_tokens(leaf: Leaf, recipe: Recipe, given: Assumptions) -> int:
    """How long a chunk may be."""
    whole = sum(document.size for document in leaf.documents) // given.bytes_a_token
    return max(1, min(int(recipe.chunk_tokens * given.chunk_share), whole))


def count_chunks(leaf: Leaf, recipe: Recipe, given: Assumptions) -> int:
    """How many chunks the documents may have."""
    whole = sum(document.size for document in leaf.documents) // given.bytes_a_token
    return -(-whole // chunk_tokens(leaf, recipe, given))
