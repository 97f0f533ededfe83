"""An evaluation as people read it: what each leaf gained, by checkpoint, and what was forgotten."""

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markup import escape

from seedbed.cli.render.table import make_table
from seedbed.evaluator.v1.evaluation_pb2 import Benchmark, Comparison, Evaluation, Measure, Subject


def measure_name(row: Comparison) -> str:
    """The measure of a comparison, as people read it: `choice`, `likelihood` or `rating`."""
    return Measure.Name(row.measure).removeprefix("MEASURE_").lower()


def checkpoint_names(evaluation: Evaluation) -> list[str]:
    """The checkpoints as comparisons name them, in order."""
    return [f"{ref.number}-{ref.phase}" for ref in evaluation.checkpoints]


class GainTable:
    """One row for each leaf and measure: base, every checkpoint, and what the last of them gained."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        del console, options
        names = checkpoint_names(self._evaluation)
        numbers = ("base", *names, "gain", "interval", "chance", "n")
        table = make_table("leaf", "measure", *numbers, right=numbers, unbroken=("measure",))
        for rows in _by_leaf(self._evaluation, Subject.SUBJECT_GAIN):
            means = {row.after: f"{row.after_mean:.3f}" for row in rows}
            last = rows[-1]
            table.add_row(
                escape(last.leaf),
                measure_name(last),
                f"{last.before_mean:.3f}",
                *(means.get(name, "") for name in names),
                f"{last.difference:+.3f}",
                interval(last),
                f"{last.chance:.3f}" if last.HasField("chance") else "",
                str(last.questions),
            )
        yield table


class ForgettingTable:
    """One row for each leaf, measure and later checkpoint: what it scores since it was trained on."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._rows = [row for row in evaluation.comparisons if row.subject == Subject.SUBJECT_FORGETTING]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        del console, options
        numbers = ("then", "now", "change", "interval", "n")
        table = make_table(
            "forgetting", "measure", "since", "at", *numbers, right=numbers, unbroken=("measure",)
        )
        for row in self._rows:
            table.add_row(
                escape(row.leaf),
                measure_name(row),
                row.before,
                row.after,
                f"{row.before_mean:.3f}",
                f"{row.after_mean:.3f}",
                f"{row.difference:+.3f}",
                interval(row),
                str(row.questions),
            )
        yield table


class BenchmarkTable:
    """One row for each standard benchmark that was run."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        del console, options
        names = ["base", *checkpoint_names(self._evaluation)]
        numbers = ("shots", *names, "n")
        table = make_table("benchmark", *numbers, right=numbers)
        run = [row for row in self._evaluation.benchmarks if row.HasField("score")]
        for name in dict.fromkeys(row.name for row in run):
            found = {row.checkpoint: row for row in run if row.name == name}
            scores = [_score(found[one]) if one in found else "" for one in names]
            first = next(iter(found.values()))
            table.add_row(name, str(first.shots), *scores, str(first.questions))
        yield table


def interval(row: Comparison) -> str:
    """The interval of a difference; "" where there is none."""
    return f"{row.low:+.3f} … {row.high:+.3f}" if row.HasField("low") else ""


def notes(evaluation: Evaluation) -> Iterator[str]:
    """What the tables do not say: what is short, unread or missing."""
    for exam in evaluation.exams:
        if exam.shortfall:
            yield f"{exam.leaf}: {exam.shortfall}"
    for row in evaluation.comparisons:
        if row.unparsed:
            yield f"{row.leaf}: {row.unparsed} ratings of {row.before} and {row.after} could not be read"
    for name, reason in dict.fromkeys((row.name, row.reason) for row in evaluation.benchmarks if row.reason):
        yield f"{name} was not run: {reason}"


def _by_leaf(evaluation: Evaluation, subject: "Subject.ValueType") -> list[list[Comparison]]:
    found: dict[tuple[str, int], list[Comparison]] = {}
    for row in evaluation.comparisons:
        if row.subject == subject:
            found.setdefault((row.leaf, row.measure), []).append(row)
    return list(found.values())


def _score(row: Benchmark) -> str:
    return f"{row.score:.3f} ± {row.standard_error:.3f}"
