import random

import pytest

from seedbed.bus.v1.bus_pb2 import Announced, Outcome, Record
from seedbed.judge.v1.steps_pb2 import GroundedVerdict, PairVerdict
from seedbed.kernel.recipe import Gates, Recipe
from seedbed.runs.fold import Fold, gate_reason
from tests.runs.courses import make_course, run
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
    return Fold(Gates())


def test_what_is_announced_is_open_until_its_record_comes():
    known = fold()
    known.announce("a", 3)
    assert (known.open_items, known.open_draws) == (1, {3})
    assert known.take(record("a", ("b", "c1"), draw=3))
    assert (known.open_items, known.open_draws) == (1, {3})
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


def test_new_records_are_those_paid_for_here():
    known = fold()
    for name in "cab":
        known.take(record(name, recalled=name == "a"))
    assert [found.digest for found in known.new_records(set())] == ["b", "c"]
    assert [found.digest for found in known.new_records({"b"})] == ["c"]


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
    assert gate_reason(made, Gates()) == reason


LEAVES = [knowledge_leaf(), skill_leaf(grounded=True)]


@pytest.mark.parametrize("leaf", LEAVES, ids=["knowledge", "skill"])
def test_order_and_repetition_make_no_difference(leaf):
    """The property settlement rests on, over many orders of the records of a whole leaf."""
    whole = make_course(leaf, Recipe(target=12, augmentations=("atomic_facts",)))
    records = run(whole)
    roots = [*dict.fromkeys(whole.roots.values())]
    luck = random.Random(7)
    for _ in range(30):
        shuffled = records + luck.choices(records, k=len(records) // 2)
        luck.shuffle(shuffled)
        other = Fold(whole.known.recipe.gates)
        for made in shuffled:
            other.take(made)
        for name in luck.sample(list(whole._first), k=len(whole._first)):
            other.announce(name, 0)
        assert other.open_items == 0
        assert other.counts() == whole.fold.counts()
        assert other.passed == whole.fold.passed
        for name in roots:
            assert list(other.below(name)) == list(whole.fold.below(name))
