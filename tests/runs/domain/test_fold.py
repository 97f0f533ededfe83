import random

import pytest

from seedbed.bus.v1.bus_pb2 import Announced, Outcome, Record
from seedbed.judge.v1.steps_pb2 import GroundedVerdict, PairVerdict
from seedbed.pipeline.kinds import kind_of
from seedbed.pipeline.recipe import Gates, Recipe
from seedbed.runs.domain.fold import Fold, gate_reason
from tests.runs.leaf_states import make_course, run
from tests.runs.leaves import knowledge_leaf, skill_leaf


def record(digest, *announced, step="skills.instruct", candidate="", **values):
    children = [Announced(digest=name, step="judge.pair", candidate=who) for name, who in announced]
    return Record(
        digest=digest,
        step=step,
        candidate=candidate,
        followed=values.pop("followed", True),
        outcome=values.pop("outcome", Outcome.OUTCOME_DONE),
        announced=children,
        **values,
    )


def fold():
    return Fold(kind_of("freeform_skill"), Gates())


def test_what_is_announced_is_open_until_its_record_comes():
    known = fold()
    known.announce("a", 3)
    assert (known.open_items, known.open_in(3)) == (1, 1)
    assert known.take(record("a", ("b", "c1"), draw=3))
    assert (known.open_items, known.open_in(3)) == (1, 1)
    assert known.take(record("b", candidate="c1", step="judge.pair"))
    assert known.open_items == 0


def test_a_record_before_its_announcement_is_no_open_item():
    known = fold()
    assert known.take(record("b", candidate="c1", step="judge.pair"))
    known.announce("a", 0)
    assert known.take(record("a", ("b", "c1")))
    assert known.open_items == 0
    assert known.counts().items_done == 2


def test_a_record_not_followed_is_not_taken():
    known = fold()
    known.announce("a", 0)
    assert not known.take(record("a", followed=False))
    assert known.open_items == 1
    assert known.get("a") is None


def test_a_record_counts_once():
    known = fold()
    known.announce("a", 0)
    assert known.take(record("a"))
    assert not known.take(record("a"))
    known.announce("a", 0)
    assert (known.open_items, known.counts().items_done) == (0, 1)


def test_what_nobody_announced_is_not_counted():
    known = fold()
    known.take(record("stray"))
    assert known.counts().items_done == 0


def test_two_candidates_may_share_a_digest():
    known = fold()
    known.announce("a", 0)
    known.take(record("a", ("v", "c1"), ("v", "c2")))
    assert known.open_items == 2
    known.take(record("v", candidate="c1", step="judge.pair"))
    assert known.open_items == 1
    known.take(record("v", candidate="c2", step="judge.pair", recalled=True))
    assert known.open_items == 0
    assert [found.candidate for found in known.below("a")] == ["", "c1", "c2"]


def test_counts_by_step_and_end():
    known = fold()
    for name, outcome in (("a", "DONE"), ("b", "MALFORMED"), ("c", "FAILED"), ("d", "DONE")):
        known.announce(name, 0)
        made = record(name, outcome=Outcome.Value(f"OUTCOME_{outcome}"), recalled=name == "d")
        made.usage.requests, made.usage.prompt_tokens = 3, 10
        known.take(made)
    counts = known.counts()
    assert (counts.items_done, counts.items_malformed, counts.items_failed, counts.items_recalled) == (
        2,
        1,
        1,
        1,
    )
    # What is recalled was paid for elsewhere.
    assert (counts.usage.requests, counts.usage.prompt_tokens) == (9, 30)
    assert [(row.step, row.done) for row in counts.steps] == [("skills.instruct", 2)]


def test_what_is_let_go_of_is_known_and_kept_no_longer():
    known = fold()
    known.announce("a", 0)
    made = [record("a", ("v", "c1")), record("v", candidate="c1", step="judge.pair")]
    for one in made:
        known.take(one)
    counts = known.counts()
    assert known.let_go(0, ["a"]) == made
    assert known.rest() == []
    assert not any(known.take(one) for one in made)
    assert not known.announce("a", 7)
    assert known.is_recorded("a")
    assert known.is_closed(["a"])
    assert list(known.below("a")) == []
    assert (known.open_items, known.counts()) == (0, counts)


def test_what_another_draw_made_stays_until_that_draw_is_let_go_of():
    known = fold()
    known.announce("a", 0)
    known.announce("b", 1)
    shared = record("s", draw=1)
    for one in (record("a", ("s", "")), record("b", ("s", ""), draw=1), shared):
        known.take(one)
    assert [one.digest for one in known.let_go(0, ["a"])] == ["a"]
    assert known.get("s") == shared
    assert [one.digest for one in known.let_go(1, ["b"])] == ["b", "s"]
    assert known.rest() == []


def test_in_flight_is_what_is_open_of_the_draws_begun():
    known = fold()
    known.take(record("left", ("v", "c1"), draw=9))
    assert (known.open_items, known.in_flight) == (1, 0)
    known.begin(0)
    known.announce("a", 0)
    assert (known.open_items, known.in_flight) == (2, 1)
    known.begin(9)
    assert known.in_flight == 2
    known.take(record("a", ("v", "c2"), draw=0))
    known.take(record("v", candidate="c1", step="judge.pair", draw=9))
    assert known.in_flight == 1
    known.take(record("v", candidate="c2", step="judge.pair"))
    assert (known.open_items, known.in_flight) == (0, 0)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (record("a"), None),
        (record("a", step="judge.pair", result=PairVerdict(score=2).SerializeToString()), ""),
        (record("a", step="judge.pair", result=PairVerdict(score=1).SerializeToString()), "score 1"),
        (
            record("a", step="judge.grounded", result=GroundedVerdict(faithful=0).SerializeToString()),
            "not faithful",
        ),
        (
            record("a", step="judge.pair", outcome=Outcome.OUTCOME_MALFORMED, reason="not JSON"),
            "no verdict: not JSON",
        ),
    ],
    ids=["no gate", "passes", "score", "not faithful", "malformed"],
)
def test_gates(made, reason):
    kind = kind_of("knowledge" if made.step == "judge.grounded" else "freeform_skill")
    assert gate_reason(made, kind, Gates()) == reason


LEAVES = [knowledge_leaf(), skill_leaf(grounded=True)]


@pytest.mark.parametrize("leaf", LEAVES, ids=["knowledge", "skill"])
def test_order_and_repetition_make_no_difference(leaf):
    """The property settlement rests on, over many orders of the records of a whole leaf."""
    whole = make_course(leaf, Recipe(target=12, augmentations=("atomic_facts",)))
    records = run(whole)
    below = {child.digest for record in records for child in record.announced}
    roots = [record.digest for record in records if record.digest not in below]
    luck, found = random.Random(7), []
    for _ in range(30):
        shuffled = records + luck.choices(records, k=len(records) // 2)
        luck.shuffle(shuffled)
        other = Fold(whole.kind, whole.known.recipe.gates)
        for made in shuffled:
            other.take(made)
        for name in luck.sample(roots, k=len(roots)):
            other.announce(name, 0)
        assert other.open_items == 0
        assert other.counts() == whole.fold.counts()
        assert other.passed == whole.fold.passed
        found.append([list(other.below(name)) for name in roots])
    assert all(one == found[0] for one in found)
