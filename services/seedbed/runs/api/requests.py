"""What may be asked of the runs service. Pure."""

from seedbed.kernel.errors import InputError, Violation
from seedbed.runs.v1 import runs_service_pb2 as pb


def check_drop(request: pb.DropDeadLettersRequest) -> None:
    """Refuse to drop letters that are not named. Raises InputError."""
    if not (request.digests or request.reason or request.all):
        found = Violation("digests", "say which letters: set digests, reason or all")
        raise InputError("no letters are named: nothing was dropped", [found])
