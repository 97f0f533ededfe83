"""A recipe that forbids to ask: what there is is decided anew, and what is short stays so."""

import pytest

from seedbed.pipeline.recipe import Gates, Recipe
from seedbed.runs.domain.fold import is_new
from tests.runs.leaf_states import NotAsked, make_course, part_of, run, written
from tests.runs.leaves import finish, knowledge_leaf, skill_leaf
from tests.runs.steps import reply

RECIPE = Recipe(target=12, pairs=2, instructions=2, gates=Gates(pair_score=2, relevancy=2))
STRICT = RECIPE.model_copy(update={"gates": Gates(pair_score=3, relevancy=2, standalone=1)})
LEAVES = [knowledge_leaf(), skill_leaf(), skill_leaf(grounded=True)]
KINDS = ["knowledge", "freeform", "grounded"]


def again(leaf, records, recipe):
    """The leaf on these records alone."""
    state = make_course(leaf, recipe.model_copy(update={"refill": False}))
    state.brought = {record.digest for record in records}

    def recalled(step, value, digest):
        if digest not in state.brought and step != "knowledge.chunk":
            raise NotAsked
        return reply(step, value, digest)

    return state, run(state, recalled)


@pytest.fixture(params=LEAVES, ids=KINDS)
def leaf(request):
    return request.param


def test_nothing_changed_is_the_same_part(leaf):
    before = make_course(leaf, RECIPE)
    records = run(before)
    state, made = again(leaf, records, RECIPE)
    assert part_of(state) == part_of(before)
    assert state.shortfall() == ""
    assert {record.digest for record in made} <= state.brought


def test_another_threshold_decides_anew_and_leaves_short_what_is_short():
    leaf = skill_leaf()
    records = run(make_course(leaf, RECIPE))
    state, made = again(leaf, records, STRICT)
    assert 0 < state.counts().accepted < RECIPE.target
    assert "of 12 samples: not filled up (--no-refill)" in state.shortfall()
    assert {record.digest for record in made} <= state.brought
    assert state.counts().items_failed == 0


def test_all_there_is_is_looked_at_however_little_comes_of_it():
    leaf = skill_leaf()
    records = run(make_course(leaf, RECIPE))
    narrow = STRICT.model_copy(update={"dry_rounds": 1, "max_rounds": 1})
    assert (
        again(leaf, records, narrow)[0].counts().accepted == again(leaf, records, STRICT)[0].counts().accepted
    )


def test_what_was_never_made_is_not_drawn():
    leaf = knowledge_leaf()
    records = run(make_course(leaf, RECIPE))
    leaf = finish(replace_seed(leaf))
    state, made = again(leaf, records, RECIPE)
    assert {draw.seed for draw in written(state).draws.values()} == {1}
    assert {record.digest for record in made} <= state.brought
    assert "not filled up" in state.shortfall()


def replace_seed(leaf):
    edited = type(leaf)()
    edited.CopyFrom(leaf)
    edited.seeds[0].context = "quite another context"
    return edited


def test_a_candidate_without_its_verdict_is_rejected_and_its_records_are_not_sealed():
    leaf = skill_leaf()
    records = run(make_course(leaf, RECIPE))
    kept = [record for record in records if record.step != "skills.respond"]
    state, made = again(leaf, kept, RECIPE)
    assert state.counts().accepted == 0
    reasons = {d.reason for d in written(state).decisions.values()} - {"not relevant"}
    assert reasons == {"not filled up (--no-refill)"}
    skipped = [record for record in made if record.step == "skills.respond"]
    assert skipped
    assert not any(map(is_new, skipped))
    assert not {record.digest for record in state.rest_paid()} & {r.digest for r in skipped}
    counts = state.counts()
    assert (counts.items_failed, [step.step for step in counts.steps]) == (
        0,
        ["judge.instruction", "skills.instruct"],
    )
