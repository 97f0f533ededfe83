"""What may be asked of the evaluator, and the name that equal inputs give an evaluation."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from seedbed.bus.v1.bus_pb2 import StepSpec
from seedbed.evaluator.v1.evaluator_service_pb2 import EvaluateRequest
from seedbed.kernel.errors import InputError, Violation
from seedbed.kernel.identity import message_bytes, sha256_hex
from seedbed.kernel.weights import is_gguf
from seedbed.pipeline.plan import spec_digest

_ON_THE_HUB = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
QUESTIONS = 20
MOST_QUESTIONS = 1000
VERSION = 3
"""Raised when the code changes what an evaluation comes to."""


def complete(request: EvaluateRequest, *, trust_callers: bool) -> EvaluateRequest:
    """The request, filled in and without what has no part in its name. Raises InputError."""
    violations = [*_find_faults(request), *([] if trust_callers else _find_folders(request))]
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


def _find_folders(request: EvaluateRequest) -> Iterator[Violation]:
    """What others than the machine's own user may not have read."""
    name = request.base.name
    if name and (Path(name).is_dir() or is_gguf(name) or not _ON_THE_HUB.fullmatch(name)):
        yield Violation(
            "base", "must be a model on the hub or a checkpoint: no folders are taken from callers"
        )
    if request.benchmarks:
        yield Violation("benchmarks", "must be empty: no folders are taken from callers")
