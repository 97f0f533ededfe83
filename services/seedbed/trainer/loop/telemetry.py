"""What is told of a phase while it is trained."""

from seedbed.kernel.telemetry.students import record_step
from seedbed.trainer.v1.trainer_service_pb2 import MetricsRow


def record_progress(before: MetricsRow | None, row: MetricsRow) -> None:
    """Tell what a row says, and count what has come since the one before.

    The first of an attempt counts as one step: what was done before a restart was counted then.
    """
    steps = row.step - before.step if before else 1
    tokens = row.tokens_seen - before.tokens_seen if before else 0
    record_step(row.phase, row.loss, tokens, steps)
