import pytest

from seedbed.report import gather_facts
from tests.report.messages import (
    LEAF,
    SKILL,
    make_checkpoints,
    make_evaluation,
    make_metrics,
    make_row,
    make_rows,
    make_run,
)


@pytest.fixture
def facts():
    samples, candidates = make_rows()
    return gather_facts(
        make_run(), samples, candidates, make_checkpoints(), make_metrics(), make_evaluation()
    )


def test_candidates_add_up_over_the_leaves(facts):
    assert (facts.ends.accepted, facts.ends.candidates, facts.target) == (2, 4, 6)
    assert facts.ends.malformed == 1
    assert facts.candidates_in_all == 4


def test_a_leaf_costs_what_its_steps_cost(facts):
    knowledge = next(leaf for leaf in facts.leaves if leaf.path == LEAF)
    assert (knowledge.bill.calls, knowledge.bill.tokens) == (7, 1880)
    assert facts.bill == knowledge.bill


def test_a_leaf_says_from_how_many_seeds_and_passages_its_samples_came(facts):
    knowledge, skill = (next(one for one in facts.leaves if one.path == path) for path in (LEAF, SKILL))
    assert (knowledge.seeds, knowledge.passages) == (1, 2)
    assert (skill.seeds, skill.passages, skill.reason) == (0, 0, "0 of 3 samples")


def test_gains_are_the_last_checkpoints_and_belong_to_their_leaves(facts):
    (score,) = next(leaf for leaf in facts.leaves if leaf.path == LEAF).gains
    assert (score.measure, score.after, score.certain) == ("choice", "2-skills", "up")
    assert facts.verdict.forgetting[0].certain == ""
    assert facts.verdict.shortfalls == ((LEAF, "18 of 20: near duplicates"),)


def test_phases_keep_their_order_their_replay_and_what_they_left_out(facts):
    first, second = facts.tuning.phases
    assert (first.name, first.left_out, first.share_replayed) == ("knowledge", ("1 too long",), 0)
    assert second.share_replayed == pytest.approx(0.4)
    assert second.losses == ((1, 2.5), (2, 1.5))


def test_it_says_where_a_rehearsal_or_a_student_from_scratch_had_a_part(facts):
    assert [notice.split(" ")[1] for notice in facts.notices] == ["student"]
    run = make_run()
    run.steps[1].model = "rehearsal"
    assert "rehearsal" in gather_facts(run, [], []).notices[0]


def test_of_very_many_candidates_some_of_all_leaves_are_shown(monkeypatch):
    rows = [make_row(str(number)) for number in range(51)]
    assert len(gather_facts(make_run(), rows, []).candidates) == 51
    monkeypatch.setattr("seedbed.report.gathering._MOST_ROWS", 20)
    facts = gather_facts(make_run(), rows, [])
    assert facts.candidates_in_all == 51
    assert 10 < len(facts.candidates) <= 20
    assert facts.candidates[-1]["id"] != "19"
