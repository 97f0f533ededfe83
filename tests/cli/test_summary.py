import io
import json

import pytest
from rich.console import Console

from seedbed.bus.v1.bus_pb2 import RunState
from seedbed.cli.summary import LeafTable, Summary, Tally
from tests.cli.runs_of import ended, leaf, run

KEYS = ["run", "state", "teacher_calls", "recalled", "samples", "dead", "seconds", "tokens", "leaves"]
LEAF_KEYS = "path kind target accepted rejected duplicate unneeded malformed failed rounds reason".split()


def test_the_object_has_the_fields_it_promises():
    done = ended(rejected=5, duplicate=4, unneeded=3, items_malformed=2, items_failed=1, rounds=2)
    summary = Summary(
        run(done, state=RunState.RUN_STATE_SHORT, recalled=9, dead=1), Tally(5, 100, 50), 1.23456
    )
    found = json.loads(json.dumps(summary.as_object()))
    assert list(found) == KEYS
    assert (found["state"], found["teacher_calls"], found["recalled"]) == ("short", 5, 9)
    assert found["tokens"] == {"prompt": 100, "completion": 50}
    assert found["seconds"] == 1.235
    (row,) = found["leaves"]
    assert list(row) == LEAF_KEYS
    assert list(row.values())[2:-1] == [30, 30, 5, 4, 3, 2, 1, 2]


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (RunState.RUN_STATE_SUCCEEDED, 0),
        (RunState.RUN_STATE_SHORT, 3),
        (RunState.RUN_STATE_CANCELLED, 1),
        (RunState.RUN_STATE_RUNNING, 1),
    ],
)
def test_the_exit_status_tells_how_it_ended(state, code):
    assert Summary(run(state=state), Tally(), 0).exit_code == code


def test_an_open_leaf_counts_what_it_has_so_far():
    found = Summary(run(leaf(accepted_so_far=12)), Tally(), 0).as_object()
    assert found["leaves"][0]["accepted"] == 12


def test_what_was_spent_is_the_difference():
    assert Tally(10, 100, 50).since(Tally(4, 40, 20)) == Tally(6, 60, 30)
    assert Tally(1).since(Tally(4)) == Tally()


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
