"""The table of `make bench`: it reports whatever happens, and its rows fit its columns."""

import io

from rich.console import Console

from benchmarks import table
from benchmarks.field import PEERS
from benchmarks.outcome import Outcome, Place, Row


def measured(row, times=1):
    said = io.StringIO()
    console = Console(file=said, soft_wrap=True)
    return table._measure(row, 1, times, console), said.getvalue()


def test_every_row_has_a_name_of_its_own_and_a_figure_for_each_system():
    assert len({row.name for row in table.ROWS}) == len(table.ROWS)
    assert {len(row.field) for row in table.ROWS} <= {0, len(PEERS)}


def test_a_row_that_cannot_be_measured_says_why():
    def fail(place: Place) -> Outcome:
        raise SystemExit(f"no room in {place.folder.name}")

    outcome, said = measured(Row("none", "nothing", "0", fail))
    assert not outcome.met
    assert "MISSED" in said
    assert "no room in seedbed-bench-" in said


def test_the_median_of_a_timed_row_counts():
    values = iter((3.0, 1.0, 2.0))

    def take(_place: Place) -> Outcome:
        value = next(values)
        return Outcome(f"{value:g} s", met=value < 3, value=value)

    outcome, said = measured(Row("time", "a time", "< 3 s", take, timed=True), times=3)
    assert outcome.figure == "2 s"
    assert "the median of 3 s, 1 s, 2 s" in said
