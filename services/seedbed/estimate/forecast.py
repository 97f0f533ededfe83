"""The forecast of a leaf: how many items of each step, and what they come to."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from seedbed.bus.v1.bus_pb2 import Usage
from seedbed.estimate.assumptions import Assumptions
from seedbed.estimate.measures import Measures
from seedbed.estimate.weighing import weigh
from seedbed.knowledge.v1.steps_pb2 import Chunk
from seedbed.pipeline.kinds import kind_of
from seedbed.pipeline.kinds.entry import LeafKind
from seedbed.pipeline.kinds.typical import Basis, Typical
from seedbed.pipeline.recipe import Recipe
from seedbed.taxonomy.v1.leaf_pb2 import Leaf, SeedExample

_SEEDS = 3
"""So many seeds are weighed of a leaf."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a leaf will come to."""

    path: str
    draws: int
    usage: Mapping[str, Usage]
    """By step."""
    measured: bool
    """Whether an earlier run of the leaf stands behind it."""

    def seconds(self, given: Assumptions) -> float:
        """How long its calls take, one after the other."""
        return sum(
            usage.requests * given.call_seconds + usage.completion_tokens / given.tokens_a_second
            for usage in self.usage.values()
        )


async def forecast(leaf: Leaf, recipe: Recipe, known: Measures, given: Assumptions) -> Forecast:
    """Reckon what a leaf comes to, all of it made anew."""
    kind = kind_of(leaf.kind)
    flow, accepted = _flow(kind, recipe, known, given)
    draws = math.ceil(recipe.target / max(accepted, 0.01) * (1 + given.spare))
    items = {step: draws * count for step, count in flow.items()}
    for step, count in kind.items_of_chunk(recipe).items():
        items[step] = count_chunks(leaf, recipe, given) * count
    samples = [typical_items(leaf, seed, recipe, given) for seed in leaf.seeds[:_SEEDS]]
    usage = {
        step: await _cost(step, count, [sample[step] for sample in samples], known, given)
        for step, count in items.items()
    }
    return Forecast(leaf.path, draws, usage, measured=any(known.cost(step) is not None for step in items))


def _flow(
    kind: LeafKind, recipe: Recipe, known: Measures, given: Assumptions
) -> tuple[dict[str, float], float]:
    """How many items of each step come of a draw, and how many samples."""
    most = kind.items_of_draw(recipe)
    flow: dict[str, float] = {step.name: most[step.name] for step in kind.of_draw}
    left = kind.candidates_of_draw(recipe) * known.new(kind.of_candidate[0].name, given.new)
    for step in kind.of_candidate:
        flow[step.name] = left
        if step.gate:
            left *= known.share(step.name, given.passing[step.name])
    return flow, left * given.distinct


async def _cost(
    step: str, count: float, typical: list[Typical], known: Measures, given: Assumptions
) -> Usage:
    measured = known.cost(step)
    if measured is not None:
        times = count / known.items[step]
        requests, prompt, completion = (
            measured.requests * times,
            measured.prompt_tokens * times,
            measured.completion_tokens * times,
        )
    else:
        requests = count * (1 + given.asked_anew)
        weights = [await weigh(step, one.input) for one in typical]
        prompt = requests * sum(weights) / len(weights)
        completion = requests * sum(one.reply for one in typical) / len(typical)
    return Usage(
        requests=math.ceil(requests), prompt_tokens=math.ceil(prompt), completion_tokens=math.ceil(completion)
    )


def typical_items(leaf: Leaf, seed: SeedExample, recipe: Recipe, given: Assumptions) -> dict[str, Typical]:
    """One item of each step that asks, as it may come of this seed."""
    length = chunk_tokens(leaf, recipe, given)
    chunk, retold = Chunk(text="word " * length, headings=["Heading"]), int(length * given.retold_share)
    basis = Basis(leaf, seed, recipe, chunk, given.verdict_tokens, retold)
    return {step.name: step.typical(basis) for step in kind_of(leaf.kind).steps if step.typical}


def count_chunks(leaf: Leaf, recipe: Recipe, given: Assumptions) -> int:
    """How many chunks the documents may have."""
    whole = sum(document.size for document in leaf.documents) // given.bytes_a_token
    return -(-whole // chunk_tokens(leaf, recipe, given))


def chunk_tokens(leaf: Leaf, recipe: Recipe, given: Assumptions) -> int:
    """How long a chunk may be."""
    whole = sum(document.size for document in leaf.documents) // given.bytes_a_token
    return max(1, min(int(recipe.chunk_tokens * given.chunk_share), whole))
