"""What may be asked of the runs service. Pure."""

import uuid

from seedbed.kernel.errors import InputError, Violation
from seedbed.runs.v1 import runs_service_pb2 as pb

ENDS = ("accepted", "rejected", "duplicate", "unneeded")


def check_create(request: pb.CreateRunRequest) -> None:
    """Refuse a request id that is none. Raises InputError.

    Nothing is kept of it: a run is named by its inputs, so a request made twice is the same run anyway.
    """
    if request.request_id and not _is_uuid(request.request_id):
        found = Violation("request_id", f"must be a UUID, not {request.request_id!r}")
        raise InputError("the request id is not a UUID", [found])


def check_list_candidates(request: pb.ListCandidatesRequest) -> None:
    """Refuse an end that no candidate comes to. Raises InputError."""
    if request.end and request.end not in ENDS:
        found = Violation("end", f"must be one of {', '.join(ENDS)}, not {request.end!r}")
        raise InputError("no candidate ends so", [found])


def check_trace(request: pb.TraceRequest) -> None:
    """Refuse a search for nothing. Raises InputError."""
    if not request.candidate:
        raise InputError(
            "no candidate is named", [Violation("candidate", "an id, or its beginning, is meant")]
        )


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
