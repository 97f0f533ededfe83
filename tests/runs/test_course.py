import random

import pytest

from seedbed.kernel.errors import Refused
from seedbed.kernel.recipe import Gates, Recipe
from seedbed.knowledge.v1.steps_pb2 import GenerateResult
from seedbed.runs.pedigree import write_part
from seedbed.runs.v1.candidate_pb2 import Part
from seedbed.taxonomy.v1.leaf_pb2 import QuestionAndAnswer
from tests.runs.courses import advance, make_course, run, settle
from tests.runs.leaves import knowledge_leaf, skill_leaf
from tests.runs.steps import CHUNKS, reply, words

RECIPE = Recipe(target=12, pairs=2, instructions=2)
LEAVES = [knowledge_leaf(), skill_leaf(), skill_leaf(grounded=True)]
KINDS = ["knowledge", "freeform", "grounded"]


def part_of(course):
    return write_part(course, "commit")


@pytest.mark.parametrize("leaf", LEAVES, ids=KINDS)
def test_a_leaf_comes_to_exactly_its_target(leaf):
    course = make_course(leaf, RECIPE)
    run(course)
    counts = course.counts()
    assert counts.accepted == RECIPE.target
    assert course.shortfall() == ""
    ends = counts.accepted + counts.rejected + counts.duplicate + counts.unneeded
    assert ends == len(course.settlement.decisions) == len(Part.FromString(write_part(course, "")).candidates)


@pytest.mark.parametrize("leaf", LEAVES, ids=KINDS)
def test_whoever_comes_first_the_part_is_the_same(leaf):
    parts = set()
    for seed in range(5):
        course = make_course(leaf, RECIPE)
        run(course, luck=random.Random(seed))
        parts.add(part_of(course))
    assert len(parts) == 1


@pytest.mark.parametrize("leaf", LEAVES, ids=KINDS)
def test_a_replay_takes_the_same_decisions(leaf):
    """As after a restart: all records are there before the first round is opened."""
    first = make_course(leaf, RECIPE)
    records = run(first)
    again = make_course(leaf, RECIPE)
    for record in records:
        again.fold.take(record)
    again.prepare()
    while True:
        assert again.settled
        if not advance(again):
            break
    assert part_of(again) == part_of(first)
    assert again.settlement.decisions == first.settlement.decisions
    assert again.counts() == first.counts()


@pytest.mark.parametrize("leaf", LEAVES, ids=KINDS)
@pytest.mark.parametrize("place", [0.0, 0.2, 0.5, 0.8, 1.0])
def test_a_replay_stops_where_a_record_is_missing(leaf, place):
    first = make_course(leaf, RECIPE)
    records = run(first)
    lost = records[int(place * (len(records) - 1))]
    again = make_course(leaf, RECIPE)
    for record in records:
        if record.digest != lost.digest:
            again.fold.take(record)
    again.prepare()
    # The records of later rounds are there, too: what is open among them must not hold up the earlier ones.
    while again.settled_so_far():
        assert advance(again)
    assert again.waiting or {item.draw for item in again.unclosed_roots()} == again.fold.open_draws
    again.waiting.clear()
    again.fold.take(lost)
    while again.settled_so_far() and advance(again):
        again.waiting.clear()
    assert part_of(again) == part_of(first)


def test_a_changed_gate_decides_the_same_records_anew():
    strict = make_course(LEAVES[0], RECIPE)
    records = run(strict)
    loose_recipe = RECIPE.model_copy(update={"gates": Gates(relevancy=1)})
    loose = make_course(LEAVES[0], loose_recipe)
    asked = []

    def watched(step, value, digest):
        asked.append(digest)
        return reply(step, value, digest)

    run(loose, watched)
    assert set(asked) <= {record.digest for record in records}
    assert loose.counts().accepted == RECIPE.target


def test_augmentations_are_sources_of_their_own():
    course = make_course(LEAVES[0], RECIPE.model_copy(update={"augmentations": ("atomic_facts",)}))
    course.prepare()
    settle(course)
    advance(course)
    assert len(course.passages()) == 2 * CHUNKS
    assert {p.augmentation for p in course.passages()} == {"", "atomic_facts"}
    part = Part.FromString(write_part(course, ""))
    assert len(part.augmentations) == CHUNKS
    assert all(a.source.chunk_end > a.source.chunk_start for a in part.augmentations[1:])
    assert len({a.id for a in part.augmentations}) == CHUNKS


def test_a_failed_document_leaves_the_others():
    course = make_course(knowledge_leaf(documents=("empty.txt", "a.txt")), RECIPE)
    run(course)
    assert course.counts().accepted == RECIPE.target
    assert course.counts().items_failed == 1
    assert course.shortfall() == ""


def test_documents_without_a_chunk_are_named():
    course = make_course(knowledge_leaf(documents=("empty-1.txt", "empty-2.txt")), RECIPE)
    run(course)
    assert course.shortfall() == (
        "no document gave a chunk: document empty-1.txt yields no chunk: it holds no text at all; "
        "document empty-2.txt yields no chunk: it holds no text at all"
    )


def test_a_leaf_without_documents_says_so():
    course = make_course(knowledge_leaf(documents=()), RECIPE)
    run(course)
    assert course.shortfall() == "no document gave a chunk: it has no document"


def test_a_short_leaf_names_the_document_that_was_lost():
    recipe = Recipe(target=200, pairs=1, repeats=1)
    course = make_course(knowledge_leaf(documents=("empty.txt", "a.txt")), recipe)
    run(course)
    assert "all 10 draws are spent" in course.shortfall()
    assert course.shortfall().endswith("; document empty.txt yields no chunk: it holds no text at all")


def test_draws_come_to_their_end():
    course = make_course(knowledge_leaf(), Recipe(target=100, pairs=1, repeats=1))
    run(course)
    assert course.shortfall().count("draws are spent") == 2
    assert course.counts().accepted < 100
    # Two forms, five chunks, two seeds.
    assert len(course.draws) == 20


def test_a_teacher_that_repeats_itself_is_given_up():
    def same(step, value, digest):
        if step == "knowledge.generate":
            return GenerateResult(pairs=[QuestionAndAnswer(question=words("one"), answer="It is so.")])
        return reply("judge.grounded", value, "0") if step == "judge.grounded" else reply(step, value, digest)

    course = make_course(knowledge_leaf(), Recipe(target=10, dry_rounds=3, gates=Gates(relevancy=0)))
    run(course, same)
    assert course.counts().accepted == 1
    assert "3 rounds in a row brought nothing new" in course.shortfall()
    assert "duplicate" in course.shortfall()


def test_rounds_come_to_their_end():
    course = make_course(skill_leaf(), Recipe(target=200, instructions=1, max_rounds=1))
    run(course)
    assert course.settlement.rounds == 1
    assert "the recipe's max_rounds of 1 are over" in course.shortfall()


def test_refused_items_are_told_with_their_step():
    def refuse(step, value, digest):
        if step == "skills.respond":
            raise Refused("the endpoint does not like it")
        return reply(step, value, digest)

    course = make_course(skill_leaf(), Recipe(target=4, dry_rounds=1))
    run(course, refuse)
    reasons = {decision.reason for decision in course.settlement.decisions.values()}
    assert "skills.respond: the endpoint does not like it" in reasons
    assert "most went to:" in course.shortfall()


def test_items_are_let_go_when_their_round_is_closed():
    course = make_course(LEAVES[0], RECIPE)
    course.prepare()
    settle(course)
    advance(course)
    assert any(course._first.values())
    settle(course)
    for _ in course.close_round():
        pass
    assert not any(course._first.values())
    assert course.unclosed_roots() == []


def test_a_round_may_be_closed_a_draw_at_a_time():
    course = make_course(LEAVES[0], RECIPE)
    course.prepare()
    settle(course)
    advance(course)
    settle(course)
    opened = len(course.draws)
    seen = [len(course.settlement.closed) for _ in course.close_round()]
    assert seen == list(range(1, opened + 1))


def test_nothing_is_published_twice():
    course = make_course(skill_leaf(grounded=True), RECIPE)
    items = []
    course.prepare()
    course.prepare()
    while advance(course):
        items += [item.digest for item in course.waiting]
        settle(course)
    assert len(items) == len(set(items))


def test_an_item_whose_record_comes_while_it_waits_is_not_published():
    """After a restart: its earlier process had published it already."""
    first = make_course(skill_leaf(), RECIPE)
    records = run(first)
    again = make_course(skill_leaf(), RECIPE)
    again.prepare()
    advance(again)
    waiting = len(again.waiting)
    known = {record.digest for record in records if any(record.digest == i.digest for i in again.waiting)}
    for record in records:
        again.fold.take(record)
    assert len(known) == waiting > 0
    assert again.take_waiting(100) == []
    assert again.settled


@pytest.mark.parametrize("leaf", LEAVES, ids=KINDS)
def test_a_later_round_left_by_an_earlier_life_holds_up_nothing(leaf):
    """As after a cancel: a record of a round this life has not decided on, with a child open."""
    first = make_course(leaf, RECIPE)
    records = run(first)
    last = max(first.draws)
    again = make_course(leaf, RECIPE)
    again.prepare()
    settle(again)
    for number in (0, last):
        left = next(record for record in records if record.draw == number and record.announced)
        again.fold.take(left)
    assert not again.settled
    assert again.settled_so_far()
    while again.settled_so_far() and advance(again):
        for record in records:
            again.fold.take(record)
        again.waiting.clear()
    assert part_of(again) == part_of(first)
