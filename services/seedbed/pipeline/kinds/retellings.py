"""Retellings of a chunk in families, each from several points of view and in another order. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from seedbed.knowledge.v1.steps_pb2 import Chunk, RetellInput, RetellResult
from seedbed.pipeline.items import Announce
from seedbed.pipeline.kinds.entry import Passage, StepEntry
from seedbed.pipeline.kinds.recorded import Find, digest_of, done
from seedbed.pipeline.kinds.typical import FRAME, Basis, Typical
from seedbed.pipeline.plan import KnownPlan
from seedbed.pipeline.recipe import Recipe
from seedbed.taxonomy.v1.leaf_pb2 import Leaf

# The first of each is for whoever wants one retelling of a family; a number in a name counts from 2.
_VIEWS = (
    ("someone who hears of it for the first time", "as it stands"),
    ("an expert who wants every name, number and date", "from its end to its beginning"),
    ("a teacher who explains why things are as they are", "what matters most first"),
    ("a reporter who tells who did what to whom", "by the persons, places and things it is about"),
)


FLOWING = "rewrite"
"""The family that is one text; the others are a line for each statement, turn, question and answer."""


class Retelling(NamedTuple):
    """One way to retell a chunk."""

    name: str
    """As rows and passages have it, such as `rewrite` or `rewrite_2`."""
    family: str
    view: str
    """For whom, or as who, it is told."""
    order: str
    """In which order."""


def list_retellings(recipe: Recipe) -> Iterator[Retelling]:
    """All that a recipe wants of each chunk."""
    for family in recipe.retellings:
        for number, (view, order) in enumerate(_VIEWS[: recipe.viewpoints], 1):
            yield Retelling(f"{family}_{number}" if number > 1 else family, family, view, order)


def family_of(name: str) -> str:
    """The family, or the augmentation, that a name is of."""
    stem, _, number = name.rpartition("_")
    return stem if stem and number.isdecimal() else name


def retell_input(leaf: Leaf, chunk: Chunk, way: Retelling) -> RetellInput:
    """The input of the step that retells a chunk."""
    return make_retell_input(chunk, way, document_outline=leaf.document_outline, domain=leaf.domain)


def make_retell_input(chunk: Chunk, way: Retelling, *, document_outline: str, domain: str) -> RetellInput:
    """The same where the leaf is not at hand."""
    return RetellInput(
        text=chunk.text,
        headings=chunk.headings,
        family=way.family,
        view=way.view,
        order=way.order,
        document_outline=document_outline,
        domain=domain,
    )


def find_retellings(leaf: Leaf, known: KnownPlan, find: Find, passage: Passage) -> Iterator[Passage]:
    """What a chunk was retold as: rows to train on, and no draws."""
    for way in list_retellings(known.recipe):
        announce = Announce(RETELL.name, retell_input(leaf, passage.chunk, way))
        if record := done(find(digest_of(known, announce))):
            text = RetellResult.FromString(record.result).text
            yield replace(passage, augmentation=way.name, augmented=text, asked=False)


def _typical(basis: Basis) -> Typical:
    way = Retelling("rewrite", "rewrite", *_VIEWS[0])
    # A retelling leaves nothing out.
    return Typical(retell_input(basis.leaf, basis.chunk, way), 2 * basis.retold + FRAME)


RETELL = StepEntry(name="knowledge.retell", asks="teacher", typical=_typical)
