"""What may be asked of upkeep: nothing is removed because something was left out. Pure."""

from seedbed.kernel.errors import InputError, Violation
from seedbed.runs.v1 import store_service_pb2 as pb

GRACE = 3600.0
"""Seconds, where none are given."""
LEAST_GRACE = 60.0
_CHOICES = ("keep", "keep_last", "keep_days", "keep_all", "keep_none")


def check_collect(request: pb.CollectGarbageRequest) -> None:
    """Refuse a collection that does not say which runs are kept, or keeps nothing new. Raises InputError."""
    violations = []
    if not any(getattr(request, name) for name in _CHOICES):
        violations.append(Violation("keep", f"say which runs are kept: set one of {', '.join(_CHOICES)}"))
    if request.keep_none and any(getattr(request, name) for name in _CHOICES[:-1]):
        violations.append(Violation("keep_none", "cannot be set beside runs to keep"))
    if request.HasField("grace") and request.grace < LEAST_GRACE and not request.allow_short_grace:
        what = f"must be at least {LEAST_GRACE:g} seconds, not {request.grace:g}, or allow_short_grace be set"
        violations.append(Violation("grace", what))
    if violations:
        raise InputError("this is no garbage to collect: nothing was removed", violations)
