import io
from datetime import timedelta

import pytest
from rich.console import Console

from seedbed.cli.render.duration import format_seconds
from seedbed.cli.render.progress import BarDisplay, LineDisplay, pace
from seedbed.cli.render.screen import Screen
from tests.cli.runs_of import ended, leaf, run


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def out():
    return io.StringIO()


@pytest.fixture
def screen(out):
    screen = Screen()
    screen.people = Console(file=out, width=200)
    return screen


@pytest.fixture
def lines(out):
    return lambda: out.getvalue().splitlines()


def test_lines_are_few(screen, lines):
    clock = Clock()
    with LineDisplay(screen, clock) as display:
        for tenth in range(100):
            clock.now = tenth / 10
            display.update(run(leaf(), samples=tenth))
    assert lines() == ["0 s · 0/30 samples · 7 calls", "5 s · 50/30 samples · 7 calls"]


def test_a_run_that_stands_still_shows_signs_of_life_ever_more_seldom(screen, lines):
    clock = Clock()
    with LineDisplay(screen, clock) as display:
        for second in range(3000):
            clock.now = second
            display.update(run(leaf()))
        clock.now = 3001
        display.update(run(leaf(), samples=4))
    times = [line.partition(" · ")[0] for line in lines()]
    expected = ["0 s", "30 s", "1 min 30 s", "3 min 30 s", "7 min 30 s", "15 min 30 s", "25 min 30 s"]
    assert times == [*expected, "35 min 30 s", "45 min 30 s", "50 min 1 s"]


def test_milestones_come_at_once_and_once(screen, lines):
    clock = Clock()
    with LineDisplay(screen, clock) as display:
        display.update(run(leaf()))
        for _ in range(2):
            display.update(run(ended(accepted=12, rounds=3, reason="draws are spent")))
            display.update(run(ended(accepted=12), paused="the teacher at http://t/v1 is away"))
        display.update(run(ended(accepted=12)))
    assert lines()[1:] == [
        "knowledge/birds: 12 of 30 samples in 3 rounds; draws are spent",
        "paused: the teacher at http://t/v1 is away",
        "going on",
        "paused: the teacher at http://t/v1 is away",
        "going on",
    ]


def test_the_pace_says_what_is_known():
    told = pace(
        run(
            requests=240, recalled=3, samples_per_second=7.25, time_left=timedelta(seconds=95), dead=2
        ).progress
    )
    assert told == "240 calls · 3 recalled · 7.2 samples/s · 1 min 35 s left · 2 dead letters"


def test_bars_show_the_leaves_at_work_and_why_it_waits():
    screen = Screen()
    out = io.StringIO()
    screen.people = Console(file=out, width=160, force_terminal=True, highlight=False)
    with BarDisplay(screen) as display:
        display.update(run(leaf("knowledge/[x]"), leaf("knowledge/b"), paused="[429] from the teacher"))
        display._bars.refresh()
        display.update(run(ended("knowledge/[x]"), leaf("knowledge/b")))
    shown = out.getvalue()
    assert "knowledge/[x]" in shown
    assert "paused: [429] from the teacher" in shown
    assert "knowledge/[x]: 30 of 30 samples in 1 round" in shown


@pytest.mark.parametrize("width", [40, 60, 80, 100, 119, 240])
def test_however_narrow_the_terminal_bars_and_numbers_are_whole(width):
    screen, out = Screen(), io.StringIO()
    screen.people = Console(file=out, width=width, force_terminal=True, color_system=None)
    path = "compositional_skills/grounded/linguistics/action_items"
    numbers = {
        "samples": 12345,
        "target": 98765,
        "requests": 24000,
        "time_left": timedelta(seconds=9500),
        "dead": 2,
    }
    with BarDisplay(screen) as display:
        display.update(run(leaf(path, accepted=12345, target=98765), **numbers))
        display._bars.refresh()
    lines = out.getvalue().splitlines()
    shown = [line for line in lines if "12345/98765" in line]
    assert len(shown) >= 2
    assert all("━" in line for line in shown)
    assert any("action_items" in line for line in shown)
    assert "2 dead letters" in " ".join(out.getvalue().split())


def test_durations_are_short():
    assert [format_seconds(value) for value in (0.4, 59, 61, 7800)] == [
        "0 s",
        "59 s",
        "1 min 1 s",
        "2 h 10 min",
    ]
