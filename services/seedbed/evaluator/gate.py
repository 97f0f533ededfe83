"""The gate: limits that a checkpoint must keep to be taken, and what each fails by. Pure.

choice:
  least_gain: 0.1       # each leaf's gain at least
  share_above: 1.0      # share of leaves whose gain is above 0 at its interval
  most_forgetting: 0.05 # what any leaf of an earlier phase, or the general set, may lose at most
rating:
  least_gain: 0.5
"""

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field

from seedbed.evaluator.v1.evaluation_pb2 import Comparison, Evaluation, Measure, Subject
from seedbed.evaluator.v1.evaluator_service_pb2 import CheckGateResponse, Decision
from seedbed.kernel.errors import InputError
from seedbed.kernel.formats.yaml_config import StrictModel, read_config


class Limits(StrictModel):
    """What one measure must keep; what is not named is not asked."""

    least_gain: float | None = None
    share_above: Annotated[float, Field(ge=0, le=1)] | None = None
    most_forgetting: Annotated[float, Field(ge=0)] | None = None


class Gate(StrictModel):
    """The limits that an evaluation has to keep, by measure; a file of `seedbed evaluate --gate`."""

    choice: Limits | None = None
    likelihood: Limits | None = None
    rating: Limits | None = None

    def limits(self) -> Iterator[tuple[str, "Measure.ValueType", Limits]]:
        """The measures that are asked about."""
        for name in ("choice", "likelihood", "rating"):
            limits: Limits | None = getattr(self, name)
            if limits is not None:
                yield name, Measure.Value(f"MEASURE_{name.upper()}"), limits


def read_gate(text: str) -> Gate:
    """Read a gate from YAML or JSON. Raises InputError."""
    gate = read_config(text, "gate", Gate, example="choice: {least_gain: 0}")
    if not any(limits.model_fields_set for _, _, limits in gate.limits()):
        raise InputError(
            "the gate asks for nothing", hint="name a measure and a limit: choice: {least_gain: 0}"
        )
    return gate


def check(gate: Gate, evaluation: Evaluation) -> CheckGateResponse:
    """What the gate says of each checkpoint, and which is best of those that pass."""
    names = [f"{ref.number}-{ref.phase}" for ref in evaluation.checkpoints]
    decisions = []
    for name in names:
        rows = [row for row in evaluation.comparisons if row.after == name]
        reasons = [reason for limits in gate.limits() for reason in _find_faults(*limits, rows)]
        decisions.append(Decision(checkpoint=name, passed=not reasons, reasons=reasons))
    passed = [decision.checkpoint for decision in decisions if decision.passed]
    return CheckGateResponse(
        decisions=decisions, best=max(passed, key=lambda n: _rank(gate, n, evaluation), default="")
    )


def _rank(gate: Gate, name: str, evaluation: Evaluation) -> float:
    """The mean gain by the first measure that the gate asks about; of equals the later is taken for more."""
    measure = next(measure for _, measure, _ in gate.limits())
    rows = [row for row in _gains(evaluation.comparisons, measure) if row.after == name]
    return sum(row.difference for row in rows) / max(1, len(rows))


def _find_faults(
    name: str, measure: "Measure.ValueType", limits: Limits, rows: Sequence[Comparison]
) -> Iterator[str]:
    gains = list(_gains(rows, measure))
    if not gains and (limits.least_gain is not None or limits.share_above is not None):
        yield f"{name}: no leaf has been measured so"
        return
    if limits.least_gain is not None:
        for row in gains:
            if row.difference < limits.least_gain:
                yield f"{name}: {row.leaf} gained {row.difference:+.3f}, less than {limits.least_gain:+g}"
    if limits.share_above is not None:
        above = sum(row.HasField("low") and row.low > 0 for row in gains)
        if above < limits.share_above * len(gains):
            yield (
                f"{name}: {above} of {len(gains)} leaves gained for certain (interval above 0), "
                f"less than the share of {limits.share_above:g}"
            )
    if limits.most_forgetting is not None:
        for row in rows:
            lost = -row.difference
            forgotten = row.subject == Subject.SUBJECT_FORGETTING and row.measure == measure
            if forgotten and lost > limits.most_forgetting:
                most = limits.most_forgetting
                yield f"{name}: {row.leaf} lost {lost:.3f} since {row.before}, more than {most:g}"


def _gains(rows: Sequence[Comparison], measure: "Measure.ValueType") -> Iterator[Comparison]:
    return (row for row in rows if row.measure == measure and row.subject == Subject.SUBJECT_GAIN)
