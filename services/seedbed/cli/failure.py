"""From an error to what people read and what the shell gets. One place for both."""

import grpc
import grpc.aio
from google.rpc import error_details_pb2, status_pb2

from seedbed.kernel.errors import InputError, NotFound, SeedbedError, Violation

DONE, FAILED, BAD_INPUT, SHORT, NOT_PASSED, INTERRUPTED = 0, 1, 2, 3, 4, 130

_DETAILS = "grpc-status-details-bin"
_OF_THE_CALLER = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.UNAUTHENTICATED,
)


class RemoteError(SeedbedError):
    """What a service answered instead of a result."""

    def __init__(
        self, message: str, status: grpc.StatusCode, violations: list[Violation], *, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.violations = violations


def read_rpc_error(error: grpc.aio.AioRpcError, where: str) -> RemoteError:
    """The error a service sent, with its details."""
    violations, hint = _read_details(error)
    message = error.details() or error.code().name
    if error.code() == grpc.StatusCode.UNAVAILABLE and not violations and not hint:
        message = f"nothing answers at {where}: {message}"
        hint = "is the stack up? `seedbed up` starts one, `seedbed doctor` looks for what is wrong"
    elif error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
        message = f"{where} did not answer in time"
    return RemoteError(message, error.code(), violations, hint=hint)


def _read_details(error: grpc.aio.AioRpcError) -> tuple[list[Violation], str]:
    violations: list[Violation] = []
    hint = ""
    for key, value in error.trailing_metadata() or ():
        if key != _DETAILS:
            continue
        status = status_pb2.Status.FromString(value if isinstance(value, bytes) else value.encode())
        for detail in status.details:
            bad, info = error_details_pb2.BadRequest(), error_details_pb2.ErrorInfo()
            if detail.Unpack(bad):
                violations += [Violation(v.field, v.description) for v in bad.field_violations]
            elif detail.Unpack(info):
                hint = info.metadata.get("hint", "")
    return violations, hint


def exit_code(error: BaseException) -> int:
    """What the shell gets."""
    if isinstance(error, RemoteError):
        return BAD_INPUT if error.status in _OF_THE_CALLER else FAILED
    return BAD_INPUT if isinstance(error, InputError | NotFound) else FAILED


def describe(error: SeedbedError) -> str:
    """What people read: what is wrong, where, and what to do."""
    lines = [f"error: {error.message}"]
    violations = getattr(error, "violations", [])
    lines += [
        f"  {found.field}: {found.description}" if found.field else f"  {found.description}"
        for found in violations
    ]
    if error.hint:
        lines.append(f"hint: {error.hint}")
    return "\n".join(lines)
