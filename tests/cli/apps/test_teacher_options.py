"""Options that commands share, and what they are handed over as."""

import typer
from typer.testing import CliRunner

from seedbed.cli.apps.budget_options import BudgetOptions
from seedbed.cli.apps.options import AUTO
from seedbed.cli.apps.teacher_options import asks_a_teacher
from seedbed.cli.reach.endpoints import Wanted
from seedbed.cli.stack.startup import Pace


def hear(*words):
    """What a command is given that asks a teacher."""
    app, heard = typer.Typer(), []

    @app.command()
    @asks_a_teacher
    def work(leaf: str, *, wanted: Wanted, pace: Pace, budget: BudgetOptions, loud: bool = False) -> None:
        """Works."""
        heard.append((leaf, wanted, pace, budget, loud))

    ended = CliRunner().invoke(app, words)
    assert ended.exit_code == 0, ended.output
    return heard.pop() if heard else ended.output


def test_teacher_pace_and_budget_come_as_one_thing_each():
    words = ("--teacher", "rehearsal", "--judge-model", "m", "--concurrency", "auto", "--loud", "a/leaf")
    wanted, budget = Wanted(teacher="rehearsal", judge_model="m"), BudgetOptions(calls=9, price="1,2")
    heard = hear(*words, "--budget-calls", "9", "--price", "1,2")
    assert heard == ("a/leaf", wanted, Pace(concurrency=AUTO), budget, True)
    assert hear("a/leaf") == ("a/leaf", Wanted(), Pace(), BudgetOptions(), False)


def test_their_help_stands_where_they_are_asked_for():
    shown = hear("--help")
    assert "Works." in shown
    assert shown.index("--loud") < shown.index("--judge-api-key-env") < shown.index("--timeout")
