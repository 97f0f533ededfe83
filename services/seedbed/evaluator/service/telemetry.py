"""What is told of an evaluation: how the last checkpoint does by kind of leaf, and what it has gained."""

from collections.abc import Iterable
from statistics import fmean

from seedbed.evaluator.scoring.comparisons import BASE, GENERAL
from seedbed.evaluator.v1.evaluation_pb2 import Comparison, Measure
from seedbed.kernel.telemetry.students import record_score


def record_gain(comparisons: Iterable[Comparison], last: str) -> None:
    """Tell the means over the leaves of each kind, for each measure."""
    rows: dict[tuple[str, str], list[Comparison]] = {}
    for row in comparisons:
        if (row.before, row.after) == (BASE, last):
            measure = Measure.Name(row.measure).removeprefix("MEASURE_").lower()
            rows.setdefault((GENERAL if row.leaf == GENERAL else row.kind, measure), []).append(row)
    for (of, measure), found in rows.items():
        record_score(of, measure, fmean(r.after_mean for r in found), fmean(r.difference for r in found))
