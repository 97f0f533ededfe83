from dataclasses import replace
from itertools import islice

from seedbed.kernel.identity import sha256_hex
from seedbed.knowledge.v1.steps_pb2 import Chunk
from seedbed.pipeline.kinds import kind_of
from seedbed.pipeline.kinds.entry import Passage
from seedbed.pipeline.kinds.knowledge import chunk_input
from seedbed.pipeline.recipe import Recipe
from seedbed.taxonomy.v1.leaf_pb2 import Document
from tests.runs.leaves import finish, knowledge_leaf, skill_leaf

RECIPE = Recipe(repeats=2)


def passage(key, *, document="a.txt", augmentation="", text=""):
    chunk = Chunk(text=text or f"text of {key}", key=key)
    augmented = f"{augmentation} of {key}" if augmentation else ""
    return Passage(
        Document(path=document, blob=sha256_hex(document)), chunk, "t", "plain-1", augmentation, augmented
    )


PASSAGES = [passage(f"k{number}") for number in range(6)] + [passage("k0", augmentation="atomic_facts")]


def listed(leaf, passages, form="short", recipe=RECIPE):
    return list(kind_of(leaf.kind).list_draws(leaf, passages, form, recipe))


def asked(leaf, draws):
    return [(draw.passage.key, draw.seed, draw.repeat) for draw in draws]


def test_every_passage_meets_every_seed():
    leaf = knowledge_leaf(seeds=3)
    draws = listed(leaf, PASSAGES)
    pairs = {(draw.passage.key, draw.seed) for draw in draws[: len(PASSAGES) * 3]}
    assert pairs == {(p.key, seed) for p in PASSAGES for seed in range(3)}
    assert len(set(asked(leaf, draws))) == len(draws) == len(PASSAGES) * 3 * 2


def test_nothing_is_asked_about_a_retelling():
    leaf = knowledge_leaf(seeds=3)
    retold = replace(passage("k0", augmentation="rewrite"), asked=False)
    assert listed(leaf, [*PASSAGES, retold]) == listed(leaf, PASSAGES)


def test_passages_take_turns():
    draws = listed(knowledge_leaf(seeds=3), PASSAGES)
    for start in range(0, len(draws), len(PASSAGES)):
        turn = draws[start : start + len(PASSAGES)]
        assert {draw.passage.key for draw in turn} == {p.key for p in PASSAGES}


def test_the_order_is_fixed():
    leaf = knowledge_leaf(seeds=3)
    assert listed(leaf, PASSAGES) == listed(leaf, PASSAGES[::-1])
    # Written down, as a change of the order would pay for every dataset anew.
    assert asked(leaf, listed(leaf, PASSAGES[:3])[:4]) == [
        ("a.txt\0k0\0", 1, 0),
        ("a.txt\0k2\0", 2, 0),
        ("a.txt\0k1\0", 1, 0),
        ("a.txt\0k0\0", 2, 0),
    ]


def test_forms_go_different_ways():
    leaf = knowledge_leaf(seeds=3)
    assert asked(leaf, listed(leaf, PASSAGES, "short")) != asked(leaf, listed(leaf, PASSAGES, "long"))


def digests(leaf, draws):
    return [kind_of(leaf.kind).open_draw(leaf, draw, RECIPE).input.SerializeToString() for draw in draws]


def test_an_edited_seed_leaves_all_other_draws_as_they_are():
    leaf, edited = knowledge_leaf(seeds=3), knowledge_leaf(seeds=3)
    edited.seeds[1].context = "another"
    draws, others = listed(leaf, PASSAGES), listed(finish(edited), PASSAGES)
    assert asked(leaf, draws) == asked(edited, others)
    pairs = zip(draws, digests(leaf, draws), digests(edited, others), strict=True)
    assert {draw.seed for draw, old, new in pairs if old != new} == {1}


def test_an_edited_chunk_leaves_all_other_draws_as_they_are():
    leaf = knowledge_leaf(seeds=3)
    edited = [passage("k3", text="edited") if p.chunk.key == "k3" else p for p in PASSAGES]
    draws, others = listed(leaf, PASSAGES), listed(leaf, edited)
    assert asked(leaf, draws) == asked(leaf, others)
    pairs = zip(draws, digests(leaf, draws), digests(leaf, others), strict=True)
    assert {draw.passage.chunk.key for draw, old, new in pairs if old != new} == {"k3"}


def test_an_added_document_leaves_the_others_in_order():
    leaf, more = knowledge_leaf(seeds=3), [passage("k0", document="b.txt"), passage("k1", document="b.txt")]
    grown = listed(leaf, PASSAGES + more)
    assert [draw for draw in grown if draw.passage.document.path == "a.txt"] == listed(leaf, PASSAGES)


def test_skills_draw_their_seeds_in_turn():
    leaf = skill_leaf(seeds=3)
    draws = listed(leaf, [], "", Recipe(target=7, repeats=2))
    assert [(draw.seed, draw.repeat) for draw in draws[:5]] == [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1)]
    assert len(draws) == 3 * 2 * 2


def test_a_leaf_of_many_samples_has_draws_enough():
    recipe = Recipe(target=10_000, repeats=1, instructions=1)
    assert len(listed(skill_leaf(seeds=2), [], "", recipe)) >= 10_000


def test_no_seeds_no_draws():
    assert listed(skill_leaf(seeds=0), []) == []
    assert listed(knowledge_leaf(seeds=0), PASSAGES) == []
    assert listed(knowledge_leaf(), []) == []


def test_documents_are_cut_first():
    leaf = knowledge_leaf(documents=("a.txt", "b.txt"))
    announced = kind_of(leaf.kind).first_items(leaf, RECIPE)
    assert [announce.input for announce in announced] == [
        chunk_input(leaf, d, RECIPE) for d in leaf.documents
    ]
    value = announced[1].input
    assert (value.path, value.domain, value.document_outline) == ("b.txt", "birds", "On birds")
    assert kind_of("freeform_skill").first_items(skill_leaf(), RECIPE) == []


def test_a_draw_begins_with_the_step_of_its_kind():
    leaf = knowledge_leaf()
    draw = next(draw for draw in listed(leaf, PASSAGES) if draw.passage.augmentation)
    announced = kind_of(leaf.kind).open_draw(leaf, draw, RECIPE)
    assert announced.step == "knowledge.generate"
    assert announced.input.source == "atomic_facts of k0"
    assert announced.input.chunk == "text of k0"
    for grounded, step in ((False, "skills.instruct"), (True, "skills.context")):
        leaf = skill_leaf(grounded=grounded)
        third = next(islice(kind_of(leaf.kind).list_draws(leaf, [], "", RECIPE), 2, None))
        announced = kind_of(leaf.kind).open_draw(leaf, third, RECIPE)
        assert (announced.step, announced.repeat) == (step, 1)
        assert announced.input.instructions == RECIPE.instructions
