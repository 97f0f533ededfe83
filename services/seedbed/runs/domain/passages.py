"""Passages of a leaf: chunks of its documents and augmentations of them, out of the records. Pure."""

from collections.abc import Iterator

from seedbed.bus.v1.bus_pb2 import Outcome
from seedbed.knowledge.v1.steps_pb2 import AugmentResult, ChunkResult
from seedbed.pipeline.items import Announce
from seedbed.pipeline.plan import KnownPlan
from seedbed.runs.domain.draws import Passage, augment_input, chunk_input, first_items
from seedbed.runs.domain.fold import Fold
from seedbed.taxonomy.v1.leaf_pb2 import Leaf

# They are kept with the leaf's entry, which has to fit into one message of the bus.
_MOST_NOTES = 50


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


def find_notes(leaf: Leaf, known: KnownPlan, fold: Fold) -> Iterator[str]:
    """What of the documents was not read, each after the document's path."""
    notes = list(_notes(leaf, known, fold))
    yield from notes[:_MOST_NOTES]
    if len(notes) > _MOST_NOTES:
        yield f"and {len(notes) - _MOST_NOTES} more notes on documents"


def _notes(leaf: Leaf, known: KnownPlan, fold: Fold) -> Iterator[str]:
    for document, announce in zip(leaf.documents, first_items(leaf, known.recipe), strict=False):
        record = fold.get(known.specs.make_item("", "", 0, announce).digest)
        if record is not None and record.outcome == Outcome.OUTCOME_DONE:
            yield from (f"{document.path}: {note}" for note in ChunkResult.FromString(record.result).notes)


def _find_augmentations(leaf: Leaf, known: KnownPlan, fold: Fold, passage: Passage) -> Iterator[Passage]:
    for name in known.recipe.augmentations:
        wanted = augment_input(leaf, passage.chunk, name)
        digest = known.specs.make_item("", "", 0, Announce("knowledge.augment", wanted)).digest
        record = fold.get(digest)
        if record is not None and record.outcome == Outcome.OUTCOME_DONE:
            text = AugmentResult.FromString(record.result).text
            yield Passage(passage.document, passage.chunk, passage.text, passage.converter, name, text)
