"""What may be asked of upkeep: nothing is removed because something was left out. Pure."""

from datetime import timedelta

from seedbed.kernel.errors import InputError, Violation
from seedbed.runs.v1 import store_service_pb2 as pb

_GRACE = timedelta(hours=1)
"""Where none is given."""
_LEAST_GRACE = timedelta(minutes=1)
_CHOICES = ("keep", "keep_last", "keep_within", "keep_all", "keep_none")


def grace_of(request: pb.CollectGarbageRequest) -> timedelta:
    """How long what was written stays in any case."""
    return request.grace.ToTimedelta() if request.HasField("grace") else _GRACE


def check_collect(request: pb.CollectGarbageRequest) -> None:
    """Refuse a collection that does not say which runs are kept, or keeps nothing new. Raises InputError."""
    violations = []
    chosen = [request.keep, request.keep_last, request.keep_within.ToTimedelta(), request.keep_all]
    if not any([*chosen, request.keep_none]):
        violations.append(Violation("keep", f"say which runs are kept: set one of {', '.join(_CHOICES)}"))
    if request.keep_none and any(chosen):
        violations.append(Violation("keep_none", "cannot be set beside runs to keep"))
    grace = grace_of(request)
    if grace < _LEAST_GRACE and not request.allow_short_grace:
        least, given = _LEAST_GRACE.total_seconds(), grace.total_seconds()
        what = f"must be at least {least:g} seconds, not {given:g}, or allow_short_grace be set"
        violations.append(Violation("grace", what))
    if violations:
        raise InputError("this is no garbage to collect: nothing was removed", violations)
