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
    """The error a service sent, with its details; else what gRPC says of the way to it."""
    details = _read_details(error)
    message = error.details() or error.code().name
    if details is None:
        message, hint = explain_silence(error.code(), message, where)
        return RemoteError(message, error.code(), [], hint=hint)
    violations, hint = details
    if error.code() == grpc.StatusCode.INTERNAL and not hint:
        hint = f"the log of the service at {where} has more; that of a local stack is in its state folder"
    return RemoteError(message, error.code(), violations, hint=hint)


def explain_silence(code: grpc.StatusCode, details: str, where: str) -> tuple[str, str]:
    """What it means that no service of ours has answered, and what to do."""
    if code == grpc.StatusCode.UNAVAILABLE:
        for words, message, hint in _WAYS:
            if any(word in details for word in words):
                return message.format(where=where, details=details), hint
        return f"{where} cannot be reached: {details}", _DOCTOR
    if code == grpc.StatusCode.DEADLINE_EXCEEDED:
        hint = "it may be busy, or wait for its broker or store: its log says so; " + _DOCTOR
        return f"{where} did not answer in time", hint
    if code == grpc.StatusCode.UNIMPLEMENTED:
        return f"what answers at {where} has no such call: {details}", "is it this service, of this version?"
    return f"{where}: {code.name}: {details}", _DOCTOR


_DOCTOR = "`seedbed doctor` looks for what is wrong"
_WAYS = (
    (
        ("Connection refused",),
        "nothing listens at {where}",
        "is the stack up? `seedbed up` starts one; " + _DOCTOR,
    ),
    (
        ("errors resolving", "lookup"),
        "the name in {where} cannot be resolved: {details}",
        "is it spelled as it should be?",
    ),
    (
        ("handshake failed", "SSL"),
        "no TLS can be made with {where}: {details}",
        "SEEDBED_TLS_CA says whose certificates are believed; without SEEDBED_TLS_* none is asked for",
    ),
    (
        ("HTTP/2", "http1"),
        "what listens at {where} is no gRPC service: {details}",
        "name the address of the service itself",
    ),
    (
        ("Socket closed", "Connection reset", "GOAWAY", "goaway", "Broken pipe", "recvmsg"),
        "the connection to {where} broke off: {details}",
        "the service may have ended, or be one that speaks TLS: its log says why; the same again goes on",
    ),
)
"""What gRPC says of a way that leads nowhere."""


def _read_details(error: grpc.aio.AioRpcError) -> tuple[list[Violation], str] | None:
    """What a service of ours added; None where it was none that answered."""
    details: tuple[list[Violation], str] | None = None
    for key, value in error.trailing_metadata() or ():
        if key != _DETAILS:
            continue
        violations, hint = details or ([], "")
        status = status_pb2.Status.FromString(value if isinstance(value, bytes) else value.encode())
        for detail in status.details:
            bad, info = error_details_pb2.BadRequest(), error_details_pb2.ErrorInfo()
            if detail.Unpack(bad):
                violations += [Violation(v.field, v.description) for v in bad.field_violations]
            elif detail.Unpack(info):
                hint = info.metadata.get("hint", "")
        details = violations, hint
    return details


def exit_code(error: BaseException) -> int:
    """The exit status for an error: 2 where the caller can mend it, else 1."""
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
