import random
import sys

import pytest

from seedbed.kernel.errors import Refused
from seedbed.knowledge.v1.steps_pb2 import GenerateResult
from seedbed.pipeline.recipe import Gates, Recipe
from seedbed.runs.v1.candidate_pb2 import Part
from seedbed.skills.v1.steps_pb2 import ContextResult
from seedbed.taxonomy.v1.leaf_pb2 import QuestionAndAnswer
from tests.runs.leaf_states import advance, decide, do, make_course, part_of, run, settle, written
from tests.runs.leaves import knowledge_leaf, skill_leaf
from tests.runs.steps import CHUNKS, reply, words

RECIPE = Recipe(target=12, pairs=2, instructions=2)
LEAVES = [knowledge_leaf(), skill_leaf(), skill_leaf(grounded=True)]
KINDS = ["knowledge", "freeform", "grounded"]


@pytest.mark.parametrize("leaf", LEAVES, ids=KINDS)
def test_a_leaf_comes_to_exactly_its_target(leaf):
    state = make_course(leaf, RECIPE)
    run(state)
    counts = state.counts()
    assert counts.accepted == RECIPE.target
    assert state.shortfall() == ""
    ends = counts.accepted + counts.rejected + counts.duplicate + counts.unneeded
    assert ends == len(written(state).decisions) == len(Part.FromString(part_of(state)).candidates)


@pytest.mark.parametrize("leaf", LEAVES, ids=KINDS)
def test_whoever_comes_first_the_part_is_the_same(leaf):
    parts = set()
    for seed in range(5):
        state = make_course(leaf, RECIPE)
        run(state, luck=random.Random(seed))
        parts.add(part_of(state))
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
    while advance(again):
        pass
    assert part_of(again) == part_of(first)
    assert written(again).decisions == written(first).decisions
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
    go_on(again)
    assert not again.settled
    sent = [*again.take_waiting(sys.maxsize), *again.unclosed_roots()]
    assert lost.draw in {item.draw for item in sent}
    again.fold.take(lost)
    assert again.is_due()
    go_on(again)
    assert part_of(again) == part_of(first)


def go_on(state):
    """As a leaf does when it is due."""
    decide(state)
    while state.settled and advance(state):
        decide(state)


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
    state = make_course(LEAVES[0], RECIPE.model_copy(update={"augmentations": ("atomic_facts",)}))
    state.prepare()
    settle(state)
    advance(state)
    assert len(state.passages) == 2 * CHUNKS
    assert {p.augmentation for p in state.passages} == {"", "atomic_facts"}
    part = Part.FromString(part_of(state))
    assert len(part.augmentations) == CHUNKS
    assert all(a.source.chunk_end > a.source.chunk_start for a in part.augmentations[1:])
    assert len({a.id for a in part.augmentations}) == CHUNKS


def test_a_failed_document_leaves_the_others():
    state = make_course(knowledge_leaf(documents=("empty.txt", "a.txt")), RECIPE)
    run(state)
    assert state.counts().accepted == RECIPE.target
    assert state.counts().items_failed == 1
    assert state.shortfall() == ""


def test_documents_without_a_chunk_are_named():
    state = make_course(knowledge_leaf(documents=("empty-1.txt", "empty-2.txt")), RECIPE)
    run(state)
    assert state.shortfall() == (
        "no document gave a chunk: document empty-1.txt yields no chunk: it holds no text at all; "
        "document empty-2.txt yields no chunk: it holds no text at all"
    )


def test_a_leaf_without_documents_says_so():
    state = make_course(knowledge_leaf(documents=()), RECIPE)
    run(state)
    assert state.shortfall() == "no document gave a chunk: it has no document"


def test_a_short_leaf_names_the_document_that_was_lost():
    recipe = Recipe(target=200, pairs=1, repeats=1)
    state = make_course(knowledge_leaf(documents=("empty.txt", "a.txt")), recipe)
    run(state)
    assert "all 10 draws are spent" in state.shortfall()
    assert state.shortfall().endswith("; document empty.txt yields no chunk: it holds no text at all")


def test_what_was_not_read_is_noted_with_the_documents_path():
    state = make_course(knowledge_leaf(documents=("a.txt", "scan-1.pdf", "empty.txt", "scan-2.pdf")), RECIPE)
    assert state.notes == []
    run(state)
    assert state.notes == ["scan-1.pdf: page 2 is a picture", "scan-2.pdf: page 2 is a picture"]


def test_of_very_many_notes_the_rest_is_counted():
    state = make_course(knowledge_leaf(documents=tuple(f"scan-{n}.pdf" for n in range(60))), RECIPE)
    run(state)
    assert state.notes[-2:] == ["scan-49.pdf: page 2 is a picture", "and 10 more notes on documents"]


def test_draws_come_to_their_end():
    state = make_course(knowledge_leaf(), Recipe(target=100, pairs=1, repeats=1))
    run(state)
    assert state.shortfall().count("draws are spent") == 2
    assert state.counts().accepted < 100
    # Two forms, five chunks, two seeds.
    assert len(written(state).draws) == 20


def test_a_teacher_that_repeats_itself_is_given_up():
    def same(step, value, digest):
        if step == "knowledge.generate":
            return GenerateResult(pairs=[QuestionAndAnswer(question=words("one"), answer="It is so.")])
        return reply("judge.grounded", value, "0") if step == "judge.grounded" else reply(step, value, digest)

    state = make_course(knowledge_leaf(), Recipe(target=10, dry_rounds=3, gates=Gates(relevancy=0)))
    run(state, same)
    assert state.counts().accepted == 1
    assert "3 rounds in a row brought nothing new" in state.shortfall()
    assert "duplicate" in state.shortfall()


def test_rounds_come_to_their_end():
    state = make_course(skill_leaf(), Recipe(target=200, instructions=1, max_rounds=1))
    run(state)
    assert state.settlement.rounds == 1
    assert "the recipe's max_rounds of 1 are over" in state.shortfall()


def test_refused_items_are_told_with_their_step():
    def refuse(step, value, digest):
        if step == "skills.respond":
            raise Refused("the endpoint does not like it")
        return reply(step, value, digest)

    state = make_course(skill_leaf(), Recipe(target=4, dry_rounds=1))
    run(state, refuse)
    reasons = {decision.reason for decision in written(state).decisions.values()}
    assert "skills.respond: the endpoint does not like it" in reasons
    assert "most went to:" in state.shortfall()


@pytest.mark.parametrize("leaf", [skill_leaf(), knowledge_leaf()])
def test_a_leaf_whose_first_step_always_fails_says_why(leaf):
    def refuse(step, value, digest):
        if step in ("skills.instruct", "knowledge.generate"):
            raise Refused(f"HTTP 400: no tokens are left for request {digest[:8]}")
        return reply(step, value, digest)

    state = make_course(leaf, Recipe(target=4, dry_rounds=2))
    run(state, refuse)
    failed = state.counts().items_failed
    assert f"{failed} calls failed: {failed} × HTTP 400: no tokens are left" in state.shortfall()
    (cause,) = state.counts().causes
    assert cause.count == failed


def test_a_leaf_that_has_its_target_counts_its_failures_and_gives_no_reason():
    def refuse(step, value, digest):
        if step == "skills.respond" and digest[0] in "0123":
            raise Refused("HTTP 400: refused")
        return reply(step, value, digest)

    state = make_course(skill_leaf(), Recipe(target=4))
    run(state, refuse)
    assert state.shortfall() == ""
    assert [cause.reason for cause in state.counts().causes] == ["HTTP 400: refused"]


def test_the_outlook_is_what_is_still_to_be_begun():
    state = make_course(LEAVES[0], RECIPE)
    # Twelve samples at two a draw, half of them short.
    assert (state.preparing, state.outlook) == (True, 6)
    state.prepare()
    settle(state)
    advance(state)
    assert (state.preparing, state.outlook) == (False, 6)
    state.take_waiting(2)
    assert state.outlook == 4
    state.take_waiting(9)
    assert state.outlook == 0


@pytest.mark.parametrize("leaf", LEAVES, ids=KINDS)
def test_of_what_is_decided_no_record_is_kept(leaf):
    state = make_course(leaf, RECIPE)
    state.prepare()
    records = settle(state)
    while advance(state):
        assert state.fold.rest() == []
        records += settle(state)
    assert state.fold.rest() == []
    assert state.unclosed_roots() == []
    # What was paid for waits to be sealed, each once.
    assert sorted(r.digest for r in state.paid) == sorted({r.digest for r in records})
    assert state.paid_bytes == sum(record.ByteSize() for record in state.paid)
    state.note_sealed()
    assert state.rest_paid() == []
    # Told again, as after a reconnect, it is known still.
    assert not any(state.fold.take(record) for record in records)
    assert state.fold.open_items == 0


def test_draws_are_decided_in_order_while_later_ones_are_open():
    state = make_course(skill_leaf(), RECIPE)
    state.prepare()
    advance(state)
    first, *others = state.take_waiting(sys.maxsize)
    assert len(others) > 1
    for item in others:
        finish_item(state, item)
        decide(state)
    assert not written(state).decisions
    finish_item(state, first)
    assert state.is_due()
    decide(state)
    assert list(written(state).draws) == list(range(len(others) + 1))


def finish_item(state, item):
    """Do an item and all that follows from it."""
    record, children = do(state, item)
    state.fold.take(record)
    for child in children:
        finish_item(state, child)


def test_draws_that_share_an_item_wait_for_it_and_tell_of_it_once():
    """Two new contexts alike lead to one item of instructions, which goes by either's draw."""

    def alike(step, value, digest):
        if step == "skills.context":
            return ContextResult(context="the only context")
        return reply(step, value, digest)

    state = make_course(skill_leaf(grounded=True, seeds=1), RECIPE)
    state.prepare()
    advance(state)
    contexts = state.take_waiting(sys.maxsize)
    done = [do(state, item, alike) for item in contexts]
    for record, _ in reversed(done):
        state.fold.take(record)
    assert not state.is_due()
    last = done[-1][1][0]
    assert {child.digest for _, children in done for child in children} == {last.digest}
    finish_item(state, last)
    decide(state)
    assert not state.begun
    found = written(state)
    assert {decision.draw for decision in found.decisions.values()} == {0}
    assert len(found.decisions) == 2
    assert state.fold.rest() == []


def test_nothing_is_published_twice():
    state = make_course(skill_leaf(grounded=True), RECIPE)
    items = []

    def noted(step, value, digest):
        items.append(digest)
        return reply(step, value, digest)

    state.prepare()
    state.prepare()
    while advance(state):
        settle(state, noted)
    assert len(items) == len(set(items))


def test_an_item_whose_record_comes_while_it_waits_is_not_published():
    """After a restart: its earlier process had published it already."""
    first = make_course(skill_leaf(), RECIPE)
    records = run(first)
    again = make_course(skill_leaf(), RECIPE)
    again.prepare()
    advance(again)
    assert again.waiting
    for record in records:
        again.fold.take(record)
    assert again.take_waiting(100) == []
    assert again.begun
    decide(again)
    assert again.settled


@pytest.mark.parametrize("leaf", LEAVES, ids=KINDS)
def test_a_later_round_left_by_an_earlier_life_holds_up_nothing(leaf):
    """As after a cancel: a record of a round this life has not decided on, with a child open."""
    first = make_course(leaf, RECIPE)
    records = run(first)
    last = max(written(first).draws)
    again = make_course(leaf, RECIPE)
    again.prepare()
    settle(again)
    for number in (0, last):
        left = next(record for record in records if record.draw == number and record.announced)
        again.fold.take(left)
    assert again.fold.open_items
    assert again.fold.in_flight == 0
    decide(again)
    assert again.settled
    advance(again)
    for record in records:
        again.fold.take(record)
    go_on(again)
    assert part_of(again) == part_of(first)
