import asyncio
import os
import signal

import pytest
import typer

from seedbed.cli.entrypoint import CommandRunner
from seedbed.cli.render.screen import Screen
from seedbed.kernel.errors import BusError, Conflict, InputError, NotFound, Violation


@pytest.fixture
def told():
    return []


@pytest.fixture
def leave(told, tmp_path):
    def run(work, **options):
        boundary = CommandRunner(
            Screen(), on_failure=lambda *what: told.append(what), logs=tmp_path, **options
        )
        with pytest.raises(typer.Exit) as caught:
            boundary.run(work)
        return caught.value.exit_code

    return run


def raising(error):
    async def work():
        raise error

    return work


async def succeed():
    return 3


def test_the_works_own_status_is_the_exit_status(leave, told):
    assert leave(succeed) == 3
    assert told == []


@pytest.mark.parametrize(
    ("error", "code"), [(InputError("x"), 2), (NotFound("x"), 2), (Conflict("x"), 1), (BusError("x"), 1)]
)
def test_errors_of_ours_tell_the_shell_whose_fault_it_was(leave, told, error, code):
    assert leave(raising(error)) == code
    assert told == [(code, "x")]


def test_a_message_says_what_where_and_what_to_do(leave, capsys):
    error = InputError("the recipe is not valid", [Violation("recipe.target", "too small")], hint="make it 1")
    leave(raising(error))
    assert capsys.readouterr().err.splitlines() == [
        "error: the recipe is not valid",
        "  recipe.target: too small",
        "hint: make it 1",
    ]


def test_what_nobody_foresaw_is_short_on_the_screen_and_whole_in_the_log(leave, capsys, tmp_path):
    assert leave(raising(ValueError("odd [red]"))) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("error: ValueError: odd [red]\n")
    assert "Traceback" not in shown
    assert str(tmp_path / "seedbed.log") in shown
    assert "Traceback" in (tmp_path / "seedbed.log").read_text()


def test_debugging_shows_it_all(leave, capsys):
    leave(raising(ValueError("odd")), debug=True)
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_end_the_work_in_order(leave, told, number):
    steps = []

    async def work():
        try:
            os.kill(os.getpid(), number)
            await asyncio.sleep(10)
        finally:
            await asyncio.sleep(0.01)
            steps.append("stopped")
        return 0

    assert leave(work) == 130
    assert steps == ["stopped"]
    assert told == [(130, "interrupted")]
