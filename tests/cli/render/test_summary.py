import io
import json

import pytest
from rich.console import Console

from seedbed.bus.v1.bus_pb2 import Cause, RunState, StepCounts, Usage
from seedbed.cli.render.bill import Bill, Tally
from seedbed.cli.render.summary import LeafTable, Summary
from seedbed.pipeline.recipe import Budget, Price, Prices, Recipe
from tests.cli.runs_of import ended, leaf, run

KEYS = [
    "run",
    "state",
    "started",
    "ended",
    "teacher_calls",
    "recalled",
    "samples",
    "dead",
    "causes",
    "seconds",
    "tokens",
    "bill",
    "recorded",
]
KEYS += ["estimate", "budget", "leaves"]
LEAF_KEYS = "path kind target accepted rejected duplicate unneeded malformed failed rounds".split()
LEAF_KEYS += ["causes", "reason", "notes"]


def test_the_object_has_the_fields_it_promises():
    done = ended(rejected=5, duplicate=4, unneeded=3, items_malformed=2, items_failed=1, rounds=2)
    summary = Summary(
        run(done, state=RunState.RUN_STATE_SHORT, recalled=9, dead=1),
        Bill(Tally(2, 60, 40), Tally(3, 40, 10), 1),
        1.23456,
        Recipe(),
    )
    found = json.loads(json.dumps(summary.as_object()))
    assert list(found) == KEYS
    assert (found["state"], found["teacher_calls"], found["recalled"]) == ("short", 5, 9)
    assert found["tokens"] == {"prompt": 100, "completion": 50}
    assert found["seconds"] == 1.235
    (row,) = found["leaves"]
    assert list(row) == LEAF_KEYS
    assert list(row.values())[2:-2] == [30, 30, 5, 4, 3, 2, 1, 2, []]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (RunState.RUN_STATE_SUCCEEDED, 0),
        (RunState.RUN_STATE_SHORT, 3),
        (RunState.RUN_STATE_FAILED, 1),
        (RunState.RUN_STATE_CANCELLED, 1),
        (RunState.RUN_STATE_RUNNING, 1),
    ],
)
def test_the_exit_status_tells_how_it_ended(state, code):
    assert Summary(run(state=state), Bill(), 0, Recipe()).exit_code == code


REFUSED = Cause(reason="HTTP 400: no [room]", count=3)
DIED = StepCounts(step="knowledge.generate", failed=3)


def test_the_object_names_why_calls_died_for_the_run_and_for_each_leaf():
    one = ended(items_failed=3, causes=[REFUSED], steps=[DIED])
    found = Summary(run(one, dead=3, causes=[REFUSED], steps=[DIED]), Bill(), 0, Recipe()).as_object()
    assert found["causes"] == found["leaves"][0]["causes"] == [{"reason": REFUSED.reason, "count": 3}]


def test_a_leaf_that_is_not_short_says_below_the_table_why_calls_died():
    shown = io.StringIO()
    Console(file=shown, width=120).print(
        LeafTable(run(ended(items_failed=3, causes=[REFUSED], steps=[DIED])))
    )
    assert "knowledge/birds: 3 calls failed: 3 × HTTP 400: no [room]" in shown.getvalue()


def test_a_run_in_which_no_call_came_to_anything_says_what_to_do():
    died = run(ended(accepted=0), state=RunState.RUN_STATE_FAILED, dead=3, causes=[REFUSED], steps=[DIED])
    words = Summary(died, Bill(), 0, Recipe()).failures()
    assert words.startswith("no call came to anything: 3 calls failed: 3 × HTTP 400: no [room]")
    assert "seedbed dead retry r1" in words
    assert Summary(run(ended()), Bill(), 0, Recipe()).failures() == ""


def test_an_open_leaf_counts_what_it_has_so_far():
    found = Summary(run(leaf(accepted_so_far=12)), Bill(), 0, Recipe()).as_object()
    assert found["leaves"][0]["accepted"] == 12


def test_what_of_a_leafs_documents_was_not_read_stands_below_the_table_and_in_the_object():
    note = "manual.pdf: pages 2 to 5 are pictures and were not read"
    made = run(ended(notes=[note]), state=RunState.RUN_STATE_SUCCEEDED)
    assert Summary(made, Bill(), 0, Recipe()).as_object()["leaves"][0]["notes"] == [note]
    out = io.StringIO()
    Console(file=out, width=120).print(LeafTable(made))
    assert f"{made.leaves[0].path}: {note}" in out.getvalue()


def test_what_was_spent_is_the_difference():
    before, now = Bill(Tally(4, 40, 20), Tally(), 1), Bill(Tally(10, 100, 50), Tally(3, 3, 3), 3)
    assert now.since(before) == Bill(Tally(6, 60, 30), Tally(3, 3, 3), 2)
    assert before.since(now) == Bill()


STEPS = [
    StepCounts(
        step="knowledge.generate",
        usage=Usage(requests=1, prompt_tokens=1000, completion_tokens=500),
        recorded=Usage(requests=4, prompt_tokens=1_000_000, completion_tokens=2000),
    ),
    StepCounts(step="judge.grounded", recorded=Usage(requests=9, prompt_tokens=500, completion_tokens=100)),
]
PRICES = Prices(teacher=Price(prompt=1, completion=2), judge=Price(prompt=10, completion=0))


def test_the_bill_stands_beside_what_is_on_record_each_by_who_was_asked():
    recipe = Recipe(prices=PRICES, budget=Budget(calls=20, money=3))
    bill = Bill.paid(run(steps=STEPS, repeats=2).progress)
    found = Summary(run(steps=STEPS), bill, 0, recipe).as_object()
    assert found["budget"] == {"calls": 20, "money": 3}
    assert found["bill"] == {
        "calls": 1,
        "prompt_tokens": 1000,
        "completion_tokens": 500,
        "money": 0.002,
        "teacher": {"calls": 1, "prompt_tokens": 1000, "completion_tokens": 500, "money": 0.002},
        "judge": {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "money": 0.0},
        "repeated_at_most": 2,
    }
    recorded = found["recorded"]
    assert (recorded["calls"], recorded["teacher"]["money"], recorded["judge"]["money"]) == (13, 1.004, 0.005)
    shown = io.StringIO()
    Console(file=shown, width=120).print(Summary(run(steps=STEPS), bill, 0, recipe).costs())
    lines = [line.split() for line in shown.getvalue().splitlines()]
    assert ["on", "record", "13", "1,000,500", "2,100", "1.0090"] in lines
    assert ["this", "command", "1", "(+", "2", "at", "most)", "1,000", "500", "0.0020"] in lines


def test_the_table_shows_paths_as_they_are():
    shown = io.StringIO()
    console = Console(file=shown, width=200)
    console.print(LeafTable(run(ended("knowledge/[red]x[/red]", accepted=3, reason="no draws [left]"))))
    assert "knowledge/[red]x[/red]" in shown.getvalue()
    assert "no draws [left]" in shown.getvalue()


def test_a_table_stays_within_a_narrow_terminal_and_leaves_columns_of_zeros_out():
    path = "compositional_skills/grounded/linguistics/writing/action_items"
    shown = io.StringIO()
    Console(file=shown, width=80).print(LeafTable(run(ended(path, rejected=2), ended("knowledge/birds"))))
    lines = shown.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "rejected" in lines[0]
    assert "duplicate" not in lines[0]
    assert any("action_items" in line and "30/30" in line for line in lines)
