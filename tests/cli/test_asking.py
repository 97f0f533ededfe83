"""Options that commands share, and what they are handed over as."""

import typer
from typer.testing import CliRunner

from seedbed.cli.asking import asks_a_teacher
from seedbed.cli.endpoints import Wanted
from seedbed.cli.options import AUTO
from seedbed.cli.supply import Pace


def hear(*words):
    """What a command is given that asks a teacher."""
    app, heard = typer.Typer(), []

    @app.command()
    @asks_a_teacher
    def work(leaf: str, *, wanted: Wanted, pace: Pace, loud: bool = False) -> None:
        """Works."""
        heard.append((leaf, wanted, pace, loud))

    ended = CliRunner().invoke(app, words)
    assert ended.exit_code == 0, ended.output
    return heard.pop() if heard else ended.output


def test_teacher_and_pace_come_as_one_thing_each():
    words = ("--teacher", "rehearsal", "--judge-model", "m", "--concurrency", "auto", "--loud", "a/leaf")
    wanted = Wanted(teacher="rehearsal", judge_model="m")
    assert hear(*words) == ("a/leaf", wanted, Pace(concurrency=AUTO), True)
    assert hear("a/leaf") == ("a/leaf", Wanted(), Pace(), False)


def test_their_help_stands_where_they_are_asked_for():
    shown = hear("--help")
    assert "Works." in shown
    assert shown.index("--loud") < shown.index("--judge-api-key-env") < shown.index("--timeout")
