from itertools import chain

import pytest

from seedbed.bus.v1.bus_pb2 import Announced, Dropped, Outcome, QuotaDraws, Record, Round
from seedbed.judge.v1.steps_pb2 import PairVerdict
from seedbed.pipeline.items import candidate_id
from seedbed.pipeline.kinds import kind_of
from seedbed.pipeline.kinds.entry import Quota
from seedbed.pipeline.recipe import Recipe
from seedbed.runs.domain.fold import Fold
from seedbed.runs.domain.rounds import number_draw
from seedbed.runs.domain.settlement import Settlement, births_of
from seedbed.skills.v1.steps_pb2 import InstructResult, RespondResult
from tests.runs.steps import words

DONE = Outcome.OUTCOME_DONE
KIND = kind_of("freeform_skill")


class Bench:
    """One leaf whose draws are written by hand: for each its instructions, and their scores."""

    def __init__(self, recipe, *targets):
        self.fold = Fold(KIND, recipe.gates)
        self.roots = {}
        quotas = [Quota("" if len(targets) == 1 else f"q{n}", target) for n, target in enumerate(targets)]
        self.settlement = Settlement(quotas, recipe, KIND)
        self.decisions = {}

    def draw(self, number, texts, scores=None, **ends):
        """A draw with one item that gives these instructions."""
        digest = f"d{number}"
        result = InstructResult(instructions=texts).SerializeToString()
        root = Record(
            step="skills.instruct", digest=digest, outcome=DONE, result=result, followed=True, draw=number
        )
        for index, score in enumerate(scores or [3] * len(texts)):
            self._candidate(root, index, score, **ends)
        self.fold.announce(digest, number)
        self.fold.take(root)
        self.roots[number] = digest

    def _candidate(self, root, index, score, dropped=""):
        name = candidate_id(root.digest, index)
        if dropped:
            root.dropped.append(Dropped(candidate=name, end="rejected", reason=dropped))
            return
        answer, verdict = f"{root.digest}.{index}.a", f"{root.digest}.{index}.v"
        root.announced.append(Announced(digest=answer, step="skills.respond", candidate=name))
        made = {"outcome": DONE, "followed": True, "draw": root.draw, "candidate": name}
        follows = [Announced(digest=verdict, step="judge.pair", candidate=name)]
        response = RespondResult(response="so").SerializeToString()
        self.fold.take(
            Record(step="skills.respond", digest=answer, result=response, announced=follows, **made)
        )
        weighed = PairVerdict(score=score).SerializeToString()
        self.fold.take(Record(step="judge.pair", digest=verdict, result=weighed, **made))

    def close(self, *spans):
        """Close a round of draws [first, end) in each quota."""
        rows = [QuotaDraws(first=first, end=end) for first, end in spans]
        numbers = [
            [number_draw(quota, place, len(spans)) for place in range(*span)]
            for quota, span in enumerate(spans)
        ]
        there = [len(set(one) & set(self.roots)) for one in numbers]
        for number in sorted(set(chain(*numbers)) & set(self.roots)):
            births = births_of(KIND, self.fold, self.roots[number])
            self.decisions |= {birth.id: made for birth, made in self.settlement.decide(number, births)}
            self.fold.let_go(number, [self.roots[number]])
        self.settlement.close_round(Round(quotas=rows), there)

    def ends(self):
        return [(decision.draw, decision.end) for decision in self.decisions.values()]

    def next(self):
        upcoming = self.settlement.next_round()
        return upcoming and [(row.first, row.end) for row in upcoming.quotas]


def texts(*names):
    return [words(name) for name in names]


def test_exactly_n_and_the_rest_is_not_needed():
    bench = Bench(Recipe(), 3)
    bench.draw(0, texts("a", "b"))
    bench.draw(1, texts("c", "d"))
    bench.close((0, 2))
    assert bench.ends() == [(0, "accepted"), (0, "accepted"), (1, "accepted"), (1, "unneeded")]
    assert bench.next() is None
    assert bench.settlement.shortfall() == ""


def test_decisions_go_by_draw_then_id():
    bench = Bench(Recipe(), 1)
    for number in (2, 0, 1):
        bench.draw(number, texts(f"a{number}", f"b{number}"))
    bench.close((0, 3))
    kept = next(name for name, decision in bench.decisions.items() if decision.end == "accepted")
    assert kept == min(candidate_id("d0", 0), candidate_id("d0", 1))


def test_of_two_alike_the_earlier_draw_stays():
    bench = Bench(Recipe(), 5)
    bench.draw(1, [words("same") + " indeed"])
    bench.draw(0, [words("same")])
    bench.close((0, 2))
    (name, first), (_, second) = bench.decisions.items()
    assert (first.draw, first.end) == (0, "accepted")
    assert (second.draw, second.end, second.duplicate_of) == (1, "duplicate", name)


def test_what_was_rejected_makes_no_duplicate():
    bench = Bench(Recipe(), 5)
    bench.draw(0, texts("same"), [1])
    bench.draw(1, texts("same"))
    bench.close((0, 2))
    assert bench.ends() == [(0, "rejected"), (1, "accepted")]


def test_what_was_kept_stays_kept():
    bench = Bench(Recipe(), 4)
    bench.draw(0, texts("a"))
    bench.close((0, 1))
    before = dict(bench.decisions)
    bench.draw(1, texts("a", "b"))
    bench.close((1, 2))
    assert before.items() <= bench.decisions.items()
    assert {d.round for d in bench.decisions.values() if d.draw == 1} == {1}


def test_dropped_candidates_keep_their_reason():
    bench = Bench(Recipe(), 4)
    bench.draw(0, texts("a"), dropped="not safe")
    bench.close((0, 1))
    (decision,) = bench.decisions.values()
    assert (decision.end, decision.reason) == ("rejected", "not safe")


def test_a_candidate_without_a_verdict_names_the_step():
    bench = Bench(Recipe(), 4)
    name = candidate_id("d0", 0)
    root = Record(step="skills.instruct", digest="d0", outcome=DONE, followed=True)
    root.result = InstructResult(instructions=texts("a")).SerializeToString()
    root.announced.add(digest="r", step="skills.respond", candidate=name)
    failed = Record(
        step="skills.respond", digest="r", outcome=Outcome.OUTCOME_FAILED, candidate=name, followed=True
    )
    failed.reason = "refused: too long"
    for record in (root, failed):
        bench.fold.take(record)
    bench.roots[0] = "d0"
    bench.close((0, 1))
    assert bench.decisions[name].reason == "skills.respond: refused: too long"


def test_a_failed_draw_has_no_candidate():
    bench = Bench(Recipe(), 4)
    bench.fold.take(
        Record(step="skills.instruct", digest="d0", outcome=Outcome.OUTCOME_MALFORMED, followed=True)
    )
    bench.roots[0] = "d0"
    bench.close((0, 1))
    assert births_of(KIND, bench.fold, "d0") == []
    assert bench.decisions == {}


def test_two_draws_may_come_to_the_same_candidate():
    """As two contexts alike lead to one item of instructions: it counts once, at the earlier draw."""
    bench = Bench(Recipe(), 4)
    bench.draw(0, texts("a"))
    bench.roots[1] = "d0"
    bench.close((0, 2))
    assert bench.ends() == [(0, "accepted")]


def test_the_first_round_asks_as_much_as_could_do():
    assert Bench(Recipe(instructions=5), 12).next() == [(0, 3)]
    assert Bench(Recipe(instructions=5), 12, 1).next() == [(0, 3), (0, 1)]


def test_the_next_round_goes_by_the_yield():
    bench = Bench(Recipe(instructions=2), 8)
    for number in range(4):
        bench.draw(number, texts(f"a{number}", f"b{number}"), [3, 1])
    bench.close((0, 4))
    # 4 of 8 came of 4 draws: as many again.
    assert bench.next() == [(4, 8)]


def test_a_quota_that_is_full_draws_no_more():
    bench = Bench(Recipe(instructions=2), 2, 4)
    bench.draw(0, texts("a", "b"))
    bench.draw(1, texts("c", "d"), [3, 1])
    bench.draw(3, texts("e", "f"), [1, 1])
    bench.close((0, 1), (0, 2))
    assert bench.next() == [(1, 1), (2, 6)]


def test_dry_rounds_reach_further_and_then_end():
    bench = Bench(Recipe(instructions=2, dry_rounds=3), 2)
    spans = []
    while bench.next():
        ((first, end),) = bench.next()
        spans.append((first, end))
        for number in range(first, end):
            bench.draw(number, texts(f"{number}"), [1])
        bench.close((first, end))
    assert spans == [(0, 1), (1, 3), (3, 7)]
    assert bench.settlement.shortfall() == (
        "0 of 2 samples: 3 rounds in a row brought nothing new (7 draws); most went to: score 1 7"
    )


def test_spent_draws_end_the_leaf():
    bench = Bench(Recipe(instructions=1), 3)
    for number in range(2):
        bench.draw(number, texts(f"{number}"))
    bench.close((0, 3))
    assert bench.next() is None
    assert bench.settlement.shortfall() == "2 of 3 samples: all 2 draws are spent"


def test_rounds_are_bounded():
    bench = Bench(Recipe(instructions=1, max_rounds=1), 3)
    bench.draw(0, texts("a"))
    bench.close((0, 1))
    assert bench.next() is None


@pytest.mark.parametrize("score", [1, 2, 3])
def test_gates_are_the_recipes(score):
    recipe = Recipe.model_validate({"gates": {"pair_score": 3}})
    bench = Bench(recipe, 1)
    bench.draw(0, texts("a"), [score])
    bench.close((0, 1))
    (decision,) = bench.decisions.values()
    assert (decision.end, decision.reason) == (
        ("accepted", "") if score == 3 else ("rejected", f"score {score}")
    )
