"""What may be asked of the evaluator, and the name that equal inputs give an evaluation. Pure."""

from collections.abc import Iterator, Sequence

from seedbed.bus.v1.bus_pb2 import StepSpec
from seedbed.evaluator.v1.evaluator_service_pb2 import EvaluateRequest
from seedbed.kernel.digest import message_bytes, sha256_hex
from seedbed.kernel.errors import InputError, Violation
from seedbed.kernel.step import spec_digest

QUESTIONS = 20
MOST_QUESTIONS = 1000
VERSION = 2
"""Raised when the code changes what an evaluation comes to."""


def complete(request: EvaluateRequest) -> EvaluateRequest:
    """The request, filled in and without what has no part in its name. Raises InputError."""
    violations = list(_find_faults(request))
    if violations:
        raise InputError("this is nothing to evaluate", violations)
    whole = EvaluateRequest()
    whole.CopyFrom(request)
    whole.ClearField("request_id")
    whole.questions = request.questions or QUESTIONS
    return whole


def name_of(request: EvaluateRequest, specs: Sequence[StepSpec]) -> str:
    """An evaluation's name: of its inputs, and of how teacher and judge are asked."""
    parts = [str(VERSION), sha256_hex(message_bytes(request)), *(spec_digest(spec) for spec in specs)]
    return "e" + sha256_hex("\0".join(parts))[:16]


def _find_faults(request: EvaluateRequest) -> Iterator[Violation]:
    if len(request.dataset) != 64:
        yield Violation("dataset", "must be the digest of a dataset in the store")
    if not request.base.name and not request.base.HasField("checkpoint"):
        yield Violation("base", "must name a model, or a checkpoint in the store")
    if not request.checkpoints:
        yield Violation("checkpoints", "must name at least one")
    for index, ref in enumerate(request.checkpoints):
        if not (ref.training and ref.phase and ref.digest):
            yield Violation(f"checkpoints[{index}]", "must have training, number, phase and digest")
    if request.questions > MOST_QUESTIONS:
        yield Violation("questions", f"must be {MOST_QUESTIONS} at most, not {request.questions}")
