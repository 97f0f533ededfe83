import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from seedbed.bus.v1.bus_pb2 import RunPurpose, RunState, StepCounts, StepSpec, Usage
from seedbed.cli.render.run_table import RunTable, models_of
from seedbed.pipeline.recipe import Budget, Price, Prices, Recipe
from tests.cli.runs_of import ended, run

PAID = [StepCounts(step="knowledge.generate", recorded=Usage(requests=4, prompt_tokens=10**6))]


def shown(*runs, width=200):
    out = io.StringIO()
    Console(file=out, width=width).print(RunTable(runs))
    return out.getvalue()


def made(**values):
    one = run(ended(), state=values.pop("state", RunState.RUN_STATE_SUCCEEDED), steps=PAID)
    one.steps.add().CopyFrom(StepSpec(step="knowledge.generate", model="granite"))
    one.steps.add().CopyFrom(StepSpec(step="judge.grounded", model="prometheus"))
    for name, value in values.items():
        setattr(one, name, value)
    return one


def test_it_says_when_by_whom_and_for_how_much():
    began = datetime(2026, 11, 30, 9, 5, tzinfo=UTC)
    text = shown(made(create_time=began, end_time=began + timedelta(hours=1)))
    assert began.astimezone().strftime("%Y-%m-%d %H:%M") in text
    assert "granite" in text
    assert "1,000,000 tokens" in text
    assert models_of(made()) == ("granite", "prometheus")


def test_money_stands_where_prices_were_given():
    prices = Prices(teacher=Price(prompt=3, completion=0), judge=Price(prompt=0, completion=0))
    assert "3.0000" in shown(made(recipe=Recipe(prices=prices, budget=Budget(money=9)).canonical()))


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"dormant": True, "state": RunState.RUN_STATE_RUNNING}, "stopped"),
        ({"superseded_by": "r2", "state": RunState.RUN_STATE_CANCELLED}, "superseded by r2"),
        ({"purpose": RunPurpose.RUN_PURPOSE_EVALUATION}, "succeeded, for an evaluation"),
        ({"broken": "its entry cannot be read"}, "broken"),
    ],
)
def test_a_state_is_said_for_what_it_is(values, word):
    assert word in shown(made(**values))


@pytest.mark.parametrize("width", [80, 100, 140])
def test_it_stays_within_the_terminal(width):
    lines = shown(
        made(create_time=datetime(2026, 1, 1, tzinfo=UTC), end_time=datetime(2026, 1, 2, tzinfo=UTC)),
        width=width,
    ).splitlines()
    assert max(map(len, lines)) <= width
    assert "samples" in lines[0]
