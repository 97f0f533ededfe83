"""Passages of a leaf: chunks of its documents and augmentations of them, out of the records. Pure."""

from collections.abc import Iterator

from seedbed.bus.v1.bus_pb2 import Outcome
from seedbed.kernel.plans import KnownPlan
from seedbed.kernel.step import Announce
from seedbed.knowledge.v1.steps_pb2 import AugmentResult, ChunkResult
from seedbed.runs.draws import Passage, augment_input, chunk_input
from seedbed.runs.fold import Fold
from seedbed.taxonomy.v1.leaf_pb2 import Leaf


def find_passages(leaf: Leaf, known: KnownPlan, fold: Fold) -> Iterator[Passage]:
    """All passages, in the order of the documents."""
    seen = set()
    for document in leaf.documents:
        wanted = chunk_input(leaf, document, known.recipe)
        while True:
            digest = known.specs.make_item("", "", 0, Announce("knowledge.chunk", wanted)).digest
            record = fold.get(digest)
            if record is None or record.outcome != Outcome.OUTCOME_DONE or digest in seen:
                break
            seen.add(digest)
            result = ChunkResult.FromString(record.result)
            for chunk in result.chunks:
                passage = Passage(document, chunk, result.text, result.converter)
                yield passage
                yield from _find_augmentations(leaf, known, fold, passage)
            following = wanted.first + len(result.chunks)
            if following >= result.total:
                break
            wanted = chunk_input(leaf, document, known.recipe, first=following)


def _find_augmentations(leaf: Leaf, known: KnownPlan, fold: Fold, passage: Passage) -> Iterator[Passage]:
    for name in known.recipe.augmentations:
        wanted = augment_input(leaf, passage.chunk, name)
        digest = known.specs.make_item("", "", 0, Announce("knowledge.augment", wanted)).digest
        record = fold.get(digest)
        if record is not None and record.outcome == Outcome.OUTCOME_DONE:
            text = AugmentResult.FromString(record.result).text
            yield Passage(passage.document, passage.chunk, passage.text, passage.converter, name, text)
