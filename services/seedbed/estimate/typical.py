"""A typical item of each step of a leaf, and how many chunks its documents may have. Pure."""

from seedbed.estimate.assumptions import Assumptions
from seedbed.knowledge.v1.steps_pb2 import Chunk
from seedbed.pipeline.kinds import kind_of
from seedbed.pipeline.kinds.typical import Basis, Typical
from seedbed.pipeline.recipe import Recipe
from seedbed.taxonomy.v1.leaf_pb2 import Leaf, SeedExample


def typical_items(leaf: Leaf, seed: SeedExample, recipe: Recipe, given: Assumptions) -> dict[str, Typical]:
    """One item of each step that asks, as it may come of this seed."""
    length = chunk_tokens(leaf, recipe, given)
    chunk, retold = Chunk(text="word " * length, headings=["Heading"]), int(length * given.retold_share)
    basis = Basis(leaf, seed, recipe, chunk, given.verdict_tokens, retold)
    return {step.name: step.typical(basis) for step in kind_of(leaf.kind).steps if step.typical}


def chunk_tokens(leaf: Leaf, recipe: Recipe, given: Assumptions) -> int:
    """How long a chunk may be."""
    whole = sum(document.size for document in leaf.documents) // given.bytes_a_token
    return max(1, min(int(recipe.chunk_tokens * given.chunk_share), whole))


def count_chunks(leaf: Leaf, recipe: Recipe, given: Assumptions) -> int:
    """How many chunks the documents may have."""
    whole = sum(document.size for document in leaf.documents) // given.bytes_a_token
    return -(-whole // chunk_tokens(leaf, recipe, given))
