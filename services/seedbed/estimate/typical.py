"""A typical item of each step, and how long the reply to it may be: made of the leaf's own seeds. Pure."""

from dataclasses import dataclass

from google.protobuf.message import Message

from seedbed.estimate.assumptions import Assumptions
from seedbed.judge.v1.steps_pb2 import GroundedInput, InstructionInput, PairInput
from seedbed.knowledge.v1.steps_pb2 import AugmentInput, GenerateInput
from seedbed.pipeline.recipe import Recipe
from seedbed.pipeline.tokens import count_tokens
from seedbed.skills.v1.steps_pb2 import ContextInput, InstructInput, RespondInput
from seedbed.taxonomy.v1.leaf_pb2 import Leaf, SeedExample

_FRAME = 12
"""Tokens of JSON about a question with its answer."""


@dataclass(frozen=True, slots=True)
class Typical:
    """An item's input, and the tokens of a reply to it."""

    input: Message
    reply: int


def typical_items(leaf: Leaf, seed: SeedExample, recipe: Recipe, given: Assumptions) -> dict[str, Typical]:
    """One item of each step that asks, as it may come of this seed."""
    if leaf.kind == "knowledge":
        return _knowledge(leaf, seed, recipe, given)
    pair, task = seed.pairs[0], leaf.task_description
    question, answer = count_tokens(pair.question), count_tokens(pair.answer)
    asked = {"task_description": task, "context": seed.context, "instruction": pair.question}
    instruct = InstructInput(
        task_description=task, seed=seed, context=seed.context, instructions=recipe.instructions
    )
    items = {
        "skills.instruct": Typical(instruct, recipe.instructions * (question + _FRAME // 2)),
        "judge.instruction": Typical(InstructionInput(**asked), given.verdict_tokens),
        "skills.respond": Typical(RespondInput(seed=seed, **asked), answer + _FRAME),
        "judge.pair": Typical(PairInput(response=pair.answer, **asked), given.verdict_tokens),
    }
    if leaf.kind == "grounded_skill":
        context = ContextInput(task_description=task, seed=seed, instructions=recipe.instructions)
        items["skills.context"] = Typical(context, count_tokens(seed.context) + _FRAME)
    return items


def _knowledge(leaf: Leaf, seed: SeedExample, recipe: Recipe, given: Assumptions) -> dict[str, Typical]:
    length = chunk_tokens(leaf, recipe, given)
    chunk = "word " * length
    about = {"domain": leaf.domain, "document_outline": leaf.document_outline}
    questions = sum(count_tokens(pair.question) for pair in seed.pairs) // len(seed.pairs)
    answers = sum(count_tokens(pair.answer) for pair in seed.pairs) // len(seed.pairs)
    pair = seed.pairs[0]
    generate = GenerateInput(
        source=chunk, chunk=chunk, seed=seed, form="short", pairs=recipe.pairs, headings=["Heading"], **about
    )
    grounded = GroundedInput(document=chunk, question=pair.question, answer=pair.answer, domain=leaf.domain)
    augment = AugmentInput(text=chunk, augmentation="detailed_summary", headings=["Heading"], **about)
    return {
        "knowledge.augment": Typical(augment, int(length * given.retold_share) + _FRAME),
        "knowledge.generate": Typical(generate, recipe.pairs * (questions + answers + _FRAME)),
        "judge.grounded": Typical(grounded, given.verdict_tokens + answers),
    }


def chunk_tokens(leaf: Leaf, recipe: Recipe, given: Assumptions) -> int:
    """How long a chunk may be."""
    whole = sum(document.size for document in leaf.documents) // given.bytes_a_token
    return max(1, min(int(recipe.chunk_tokens * given.chunk_share), whole))


def count_chunks(leaf: Leaf, recipe: Recipe, given: Assumptions) -> int:
    """How many chunks the documents may have."""
    whole = sum(document.size for document in leaf.documents) // given.bytes_a_token
    return -(-whole // chunk_tokens(leaf, recipe, given))
