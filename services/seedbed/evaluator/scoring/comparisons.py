"""From scores to comparisons: each checkpoint against the base, and against the one that learned a leaf last.

Pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from seedbed.evaluator.exams.exam import Exam
from seedbed.evaluator.statistics import (
    Interpret,
    compare,
    gain_of_means,
    gain_of_ratings,
    gain_of_shares,
    share_interval,
)
from seedbed.evaluator.v1.evaluation_pb2 import Comparison, Measure, Subject

BASE = "base"
GENERAL = "general"

_MEASURES: dict["Measure.ValueType", Interpret] = {
    Measure.MEASURE_CHOICE: gain_of_shares,
    Measure.MEASURE_LIKELIHOOD: gain_of_means,
    Measure.MEASURE_RATING: gain_of_ratings,
}


@dataclass(slots=True)
class CheckpointResult:
    """All scores of one checkpoint: by measure, by question."""

    checkpoint: str
    scores: dict["Measure.ValueType", dict[str, float]] = field(default_factory=dict)
    unparsed: frozenset[str] = frozenset()
    """Questions whose rating could not be read."""
    answers: dict[str, str] = field(default_factory=dict)
    """What the student answered to instructions."""


def compare_all(
    exams: Sequence[Exam],
    base: CheckpointResult,
    tuned: Sequence[CheckpointResult],
    last_trained: Mapping[str, str],
) -> list[Comparison]:
    """Every comparison there is. `last_trained` gives, by leaf, the checkpoint last trained on it."""
    rows: list[Comparison] = []
    for exam in exams:
        for measure in _MEASURES:
            gains = [_row(exam, measure, base, result) for result in tuned]
            subject = Subject.SUBJECT_FORGETTING if exam.leaf == GENERAL else Subject.SUBJECT_GAIN
            rows += [_about(row, subject) for row in gains if row]
            if exam.leaf in last_trained:
                rows += _find_forgetting(exam, measure, tuned, last_trained[exam.leaf])
    return rows


def _find_forgetting(
    exam: Exam, measure: "Measure.ValueType", tuned: Sequence[CheckpointResult], own: str
) -> Iterator[Comparison]:
    names = [result.checkpoint for result in tuned]
    if own not in names:
        return
    last_trained, *later = tuned[names.index(own) :]
    for result in later:
        row = _row(exam, measure, last_trained, result)
        if row:
            yield _about(row, Subject.SUBJECT_FORGETTING)


def _row(
    exam: Exam, measure: "Measure.ValueType", before: CheckpointResult, after: CheckpointResult
) -> Comparison | None:
    names = {question.id for question in exam.questions}
    early, late = (
        {name: score for name, score in result.scores.get(measure, {}).items() if name in names}
        for result in (before, after)
    )
    found = compare(early, late, _MEASURES[measure])
    if found is None:
        return None
    row = Comparison(
        leaf=exam.leaf,
        kind=exam.kind,
        measure=measure,
        before=before.checkpoint,
        after=after.checkpoint,
        before_mean=found.base,
        after_mean=found.tuned,
        difference=found.gain.mean,
        low=found.gain.low,
        high=found.gain.high,
        questions=found.questions,
        left_out=found.left_out,
    )
    if measure == Measure.MEASURE_CHOICE:
        share = share_interval(round(found.tuned * found.questions), found.questions)
        row.after_low, row.after_high = share.low or 0.0, share.high or 0.0
        row.chance = _chance(exam)
    if measure == Measure.MEASURE_RATING:
        row.unparsed = sum(len(result.unparsed & names) for result in (before, after))
    return row


def _chance(exam: Exam) -> float:
    shares = [1 / len(question.choices) for question in exam.questions if question.choices]
    return sum(shares) / len(shares)


def _about(row: Comparison, subject: "Subject.ValueType") -> Comparison:
    row.subject = subject
    return row
