"""What a record came from stands on it, whatever followed from what, and goes with it into the seals."""

from seedbed.kernel.identity import origin
from seedbed.pipeline.kinds import kind_of
from seedbed.pipeline.kinds.entry import seed_digest
from seedbed.pipeline.recipe import Recipe
from seedbed.runs.storage.seals import Seals
from tests.runs.garden import succeeded
from tests.runs.leaves import knowledge_leaf, known_plan, skill_leaf

EVERY_SPEC = {*known_plan(knowledge_leaf(), skill_leaf(grounded=True)).specs.digests.values()}


async def test_every_sealed_record_names_its_document_and_its_seed(garden, store):
    knowledge = knowledge_leaf(documents=("a.txt", "b.txt"))
    skill = skill_leaf(grounded=True)
    run = await garden.make(knowledge, skill, target=8, recipe="augmentations: [atomic_facts]")
    assert succeeded(run)
    documents = {origin(document.blob) for document in knowledge.documents}
    for leaf in (knowledge, skill):
        seeds = {origin(seed_digest(seed)) for seed in leaf.seeds}
        records = [record async for record in Seals(store).read(leaf.path, EVERY_SPEC)]
        assert {record.step for record in records} >= {"judge.grounded", "knowledge.augment"} or leaf is skill
        for record in records:
            found = set(record.origins)
            prepared = record.step in ("knowledge.chunk", "knowledge.augment")
            assert len(found & seeds) == (0 if prepared else 1), record.step
            assert len(found & documents) == (1 if leaf is knowledge else 0), record.step


async def test_a_recalled_record_keeps_the_origin_it_was_paid_for_with(garden, store):
    """The same passage in another version of its document: what was made of it came from the first."""
    first = knowledge_leaf(documents=("a.txt",))
    assert succeeded(await garden.make(first, target=4))
    edited = knowledge_leaf(documents=("a.txt", "b.txt"))
    assert succeeded(await garden.make(edited, target=8))
    records = [record async for record in Seals(store).read(first.path, EVERY_SPEC)]
    cut = {record.digest: set(record.origins) for record in records if record.step == "knowledge.chunk"}
    assert set().union(*cut.values()) == {origin(document.blob) for document in edited.documents}


def test_origins_are_no_part_of_a_digest():
    known = known_plan(skill_leaf())
    draw = next(kind_of(skill_leaf().kind).list_draws(skill_leaf(), [], "", Recipe()))
    announce = kind_of(skill_leaf().kind).open_draw(skill_leaf(), draw, Recipe())
    make = known.specs.make_item
    plain, other = make("r", "l", 0, announce), make("r", "l", 0, announce, origins=[7])
    assert plain.digest == other.digest
    assert (list(plain.origins), list(other.origins)) == (list(announce.origins), [7])
