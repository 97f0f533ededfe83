"""How a run's progress is shown: bars where people look at a terminal, now and then a line elsewhere."""

import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Protocol, Self

from rich.console import RenderableType
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress
from rich.table import Column
from rich.text import Text

from seedbed.bus.v1.bus_pb2 import LeafState
from seedbed.cli.render.duration import format_seconds
from seedbed.cli.render.paths import shorten
from seedbed.cli.render.screen import Screen
from seedbed.cli.render.summary import accepted, leaf_state
from seedbed.runs.v1.runs_service_pb2 import LeafProgress, Progress, Run

_LINE_EVERY = 5.0
# Nothing new: still a sign of life, less and less often.
_SAME_LINE_AFTER = 30.0
_SAME_LINE_AT_LAST = 600.0
_BARS_SHOWN = 10
_LONGEST_NAME = 40
_SHORTEST_NAME = 10
# Of a line with all columns, what is not the leaf's name; a narrower one has name, bar and numbers alone.
_BESIDE_NAME = 48
_BESIDE_NAME_NARROW = 26
_NARROW = _BESIDE_NAME + 16
_WIDE = 120


class Display(Protocol):
    """Shows a run while it goes on."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def update(self, run: Run) -> None:
        """Show where the run stands now."""


def open_display(screen: Screen) -> Display:
    """A bar where the screen can redraw, else a few plain lines a minute."""
    return BarDisplay(screen) if screen.lively else LineDisplay(screen)


def pace(progress: Progress) -> str:
    """Calls, rate and time left, in words; why it waits, where it does."""
    words = [f"{progress.requests} calls"]
    if progress.recalled:
        words.append(f"{progress.recalled} recalled")
    if progress.samples_per_second > 0:
        words.append(f"{progress.samples_per_second:.1f} samples/s")
    if progress.HasField("time_left"):
        words.append(f"{format_seconds(progress.time_left.ToTimedelta().total_seconds())} left")
    if progress.dead:
        words.append(f"{progress.dead} dead letters")
    return " · ".join(words)


class Milestones:
    """What is worth a line of its own: a leaf that ends, a run that waits and goes on again."""

    def __init__(self) -> None:
        self._ended: set[str] = set()
        self._paused = ""

    def find(self, run: Run) -> list[str]:
        """What happened since the last look."""
        lines = []
        for leaf in run.leaves:
            if leaf.state == LeafState.LEAF_STATE_SEALED and leaf.path not in self._ended:
                self._ended.add(leaf.path)
                lines.append(describe_leaf(leaf))
        paused = run.progress.paused
        if paused != self._paused:
            lines.append(f"paused: {paused}" if paused else "going on")
            self._paused = paused
        return lines


def describe_leaf(leaf: LeafProgress) -> str:
    """A leaf that ended, in one line."""
    rounds = f"{leaf.rounds} round" + ("" if leaf.rounds == 1 else "s")
    line = f"{leaf.path}: {accepted(leaf)} of {leaf.target} samples in {rounds}"
    return f"{line}; {leaf.reason}" if leaf.reason else line


class LinePace:
    """When a line is worth printing: a new one after seconds, one that stays the same ever more seldom."""

    def __init__(self) -> None:
        self._line = ""
        self._time = -_LINE_EVERY
        self._patience = _SAME_LINE_AFTER

    def allows(self, line: str, now: float) -> bool:
        """Whether to print the line now, in seconds by any clock; then it counts as printed."""
        same = line == self._line
        if now - self._time < (self._patience if same else _LINE_EVERY):
            return False
        self._patience = min(2 * self._patience, _SAME_LINE_AT_LAST) if same else _SAME_LINE_AFTER
        self._line, self._time = line, now
        return True


class LineDisplay:
    """Plain lines, a few a minute, and one for every milestone."""

    def __init__(self, screen: Screen, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen = screen
        self._clock = clock
        self._milestones = Milestones()
        self._began = clock()
        self._pace = LinePace()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to give back: lines were printed as they came."""

    def update(self, run: Run) -> None:
        """Print what is new, and where the run stands where it is time for it."""
        for line in self._milestones.find(run):
            self._screen.say(line)
        progress = run.progress
        line = f"{progress.samples}/{progress.target} samples · {pace(progress)}"
        now = self._clock() - self._began
        if self._pace.allows(line, now):
            self._screen.say(f"{format_seconds(now)} · {line}")


class Bars(RichProgress):
    """Bars with a line above them, so that words never take the room of bars and numbers."""

    headline = Text()

    def get_renderables(self) -> Iterable[RenderableType]:
        """The line, then the bars."""
        yield self.headline
        yield self.make_tasks_table(self.tasks)


class BarDisplay:
    """One bar for the run and one for every leaf at work."""

    def __init__(self, screen: Screen) -> None:
        self._milestones = Milestones()
        width = screen.people.width
        self._narrow = width < _NARROW
        bar = BarColumn() if width >= _WIDE else BarColumn(bar_width=None, table_column=Column(ratio=1))
        self._bars = Bars(*self._columns(bar), console=screen.people, transient=True, expand=width < _WIDE)
        self._all = self._bars.add_task("all leaves", total=None, note="")
        self._leaves: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def update(self, run: Run) -> None:
        """Move the bars to where the run stands, and print milestones above them."""
        for line in self._milestones.find(run):
            self._bars.console.print(escape(line))
        progress = run.progress
        paused = f"paused: {progress.paused}" if progress.paused else ""
        self._bars.headline = Text(paused or pace(progress), style="yellow" if paused else "")
        self._bars.update(self._all, completed=progress.samples, total=progress.target)
        open_leaves = [leaf for leaf in run.leaves if leaf.state == LeafState.LEAF_STATE_OPEN]
        self._show_leaves(open_leaves[:_BARS_SHOWN])

    def _columns(self, bar: BarColumn) -> list[ProgressColumn]:
        columns: list[ProgressColumn] = [
            TextColumn("{task.description}", table_column=Column(no_wrap=True)),
            bar,
            MofNCompleteColumn(table_column=Column(no_wrap=True, justify="right")),
        ]
        if not self._narrow:
            columns += [TextColumn("{task.fields[note]}"), TimeElapsedColumn()]
        return columns

    def _show_leaves(self, leaves: list[LeafProgress]) -> None:
        shown = {leaf.path for leaf in leaves}
        for path in [path for path in self._leaves if path not in shown]:
            self._bars.remove_task(self._leaves.pop(path))
        room = self._bars.console.width - (_BESIDE_NAME_NARROW if self._narrow else _BESIDE_NAME)
        width = max(_SHORTEST_NAME, min(_LONGEST_NAME, room))
        for leaf in leaves:
            if leaf.path not in self._leaves:
                name = escape(shorten(leaf.path, width))
                self._leaves[leaf.path] = self._bars.add_task(name, total=leaf.target, note="")
            note = f"round {leaf.rounds}" if leaf.rounds else leaf_state(leaf)
            done = min(accepted(leaf), leaf.target)
            self._bars.update(self._leaves[leaf.path], completed=done, total=leaf.target, note=note)
