"""Errors as gRPC statuses: with ErrorInfo, and as long as a trailer can carry."""

from collections.abc import Sequence
from typing import Any

from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import code_pb2, error_details_pb2, status_pb2

from seedbed.kernel.errors import EndpointError, InputError, SeedbedError, Violation

DOMAIN = "seedbed"
# A status travels in trailers, of which gRPC takes 8 KiB in all: the message percent-encoded, then once more
# with the details, in base 64. A client refuses the whole answer where it is more.
MESSAGE_BYTES = 700
HINT_BYTES = 500
VIOLATIONS_BYTES = 3000


def status_of(error: SeedbedError) -> status_pb2.Status:
    """A gRPC status with ErrorInfo, and BadRequest or RetryInfo where they apply."""
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN)
    if error.hint:
        info.metadata["hint"] = _cut(error.hint, HINT_BYTES)
    details: list[Any] = [info]
    if isinstance(error, InputError) and error.violations:
        details.append(_bad_request(error.violations))
    if isinstance(error, EndpointError) and error.retry_after is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(int(error.retry_after * 1000))
        details.append(retry)
    packed = []
    for detail in details:
        message = AnyMessage()
        message.Pack(detail)
        packed.append(message)
    words = _cut(error.message, MESSAGE_BYTES)
    return status_pb2.Status(code=code_pb2.Code.Value(error.code), message=words, details=packed)


def _bad_request(violations: Sequence[Violation]) -> error_details_pb2.BadRequest:
    """As many of them as there is room for, and how many more there are."""
    request = error_details_pb2.BadRequest()
    for number, violation in enumerate(violations):
        description = _cut(violation.description, MESSAGE_BYTES)
        request.field_violations.add(field=_cut(violation.field, MESSAGE_BYTES), description=description)
        if request.ByteSize() > VIOLATIONS_BYTES:
            del request.field_violations[number:]
            request.field_violations.add(description=f"and {len(violations) - number} more")
            break
    return request


def _cut(text: str, size: int) -> str:
    data = text.encode("utf-8", "replace")
    return text if len(data) <= size else data[: size - 3].decode("utf-8", "ignore") + "…"
