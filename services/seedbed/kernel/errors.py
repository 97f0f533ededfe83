"""The errors of Seedbed, one tree.

    SeedbedError
    ├── InputError            what the caller gave is wrong; says where
    ├── Unauthenticated       the caller has not shown who it is
    ├── PermissionDenied      … and may not do this
    ├── Unimplemented         there is no such method
    ├── TooLate               the call did not end before its deadline
    ├── Overloaded            more calls than are answered at a time
    ├── ServiceAway           another service does not answer
    ├── NotFound
    │   └── Forgotten         it was there, and was removed on request
    ├── Conflict              the state does not allow it
    │   └── NewerFormat       a later version of Seedbed wrote what is there
    ├── ItemError             follows the item: asked again it would fail again
    │   ├── MalformedReply    the teacher's reply cannot be read
    │   │   ├── ReplyCut      it ended at its limit of tokens
    │   │   ├── ReplyFiltered the endpoint's content filter kept it back
    │   │   ├── ReplyDeclined the model would not answer
    │   │   └── ReplyEmpty    there are no words in it
    │   └── Refused           the endpoint will not do this request
    │       ├── PromptFiltered    its content filter refused the prompt
    │       └── PromptTooLong     prompt and reply do not fit the model's context
    ├── EndpointError         the endpoint's fault: pauses it, never counts against an item
    │   ├── EndpointBusy      429, 503: come back later
    │   └── EndpointAway      refused connection, timeout, dropped
    ├── StoreError
    ├── BusError
    └── Damaged               what was kept is lost: no second try mends it

`code` is the gRPC status, `reason` goes into ErrorInfo and `error.type`, `retryable` is for the caller.
"""

from dataclasses import dataclass
from typing import ClassVar


class SeedbedError(Exception):
    """Root of the tree. `hint` says what to do about it."""

    code: ClassVar[str] = "INTERNAL"
    reason: ClassVar[str] = "INTERNAL"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with the input. `field` is a field's name or `file:line:column`."""

    field: str
    description: str


class InputError(SeedbedError):
    """What the caller gave is wrong."""

    code = "INVALID_ARGUMENT"
    reason = "INVALID_INPUT"

    def __init__(self, message: str, violations: list[Violation] | None = None, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.violations = violations or []


class Unauthenticated(SeedbedError):
    """The caller has not shown who it is."""

    code = "UNAUTHENTICATED"
    reason = "UNAUTHENTICATED"


class PermissionDenied(SeedbedError):
    """The caller may not do this."""

    code = "PERMISSION_DENIED"
    reason = "PERMISSION_DENIED"


class Unimplemented(SeedbedError):
    """There is no such method."""

    code = "UNIMPLEMENTED"
    reason = "UNIMPLEMENTED"


class TooLate(SeedbedError):
    """The call did not end before its deadline."""

    code = "DEADLINE_EXCEEDED"
    reason = "DEADLINE_EXCEEDED"


class Overloaded(SeedbedError):
    """More calls than are answered at a time."""

    code = "RESOURCE_EXHAUSTED"
    reason = "TOO_MANY_CALLS"


class ServiceAway(SeedbedError):
    """Another service does not answer."""

    code = "UNAVAILABLE"
    reason = "SERVICE_AWAY"
    retryable = True


class NotFound(SeedbedError):
    """There is no such thing."""

    code = "NOT_FOUND"
    reason = "NOT_FOUND"


class Forgotten(NotFound):
    """It was there, and was removed on request."""

    reason = "FORGOTTEN"


class Conflict(SeedbedError):
    """The state does not allow it."""

    code = "FAILED_PRECONDITION"
    reason = "CONFLICT"


class NewerFormat(Conflict):
    """A later version of Seedbed than this one wrote what is there."""

    reason = "NEWER_FORMAT"


class ItemError(SeedbedError):
    """The item cannot be done, however often it is tried."""

    code = "FAILED_PRECONDITION"
    reason = "ITEM_FAILED"


class MalformedReply(ItemError):
    """The teacher's reply cannot be read."""

    code = "INTERNAL"
    reason = "MALFORMED_REPLY"


class ReplyCut(MalformedReply):
    """It ended at its limit of tokens."""

    reason = "REPLY_CUT"


class ReplyFiltered(MalformedReply):
    """The endpoint's content filter kept it back."""

    reason = "REPLY_FILTERED"


class ReplyDeclined(MalformedReply):
    """The model would not answer."""

    reason = "REPLY_DECLINED"


class ReplyEmpty(MalformedReply):
    """There are no words in it."""

    reason = "REPLY_EMPTY"


class Refused(ItemError):
    """The endpoint will not do this request."""

    reason = "REQUEST_REFUSED"


class PromptFiltered(Refused):
    """The endpoint's content filter refused the prompt."""

    reason = "PROMPT_FILTERED"


class PromptTooLong(Refused):
    """Prompt and reply do not fit the model's context."""

    reason = "PROMPT_TOO_LONG"


class EndpointError(SeedbedError):
    """The endpoint's fault. `retry_after` is in seconds, None where it did not say."""

    code = "UNAVAILABLE"
    reason = "ENDPOINT_ERROR"
    retryable = True

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class EndpointBusy(EndpointError):
    """The endpoint asks to come back later."""

    reason = "ENDPOINT_BUSY"


class EndpointAway(EndpointError):
    """The endpoint cannot be reached or does not answer in time."""

    reason = "ENDPOINT_AWAY"


class StoreError(SeedbedError):
    """The store does not answer, or not as it should."""

    code = "UNAVAILABLE"
    reason = "STORE_ERROR"
    retryable = True


class Damaged(SeedbedError):
    """An object, named by `key`, is missing, or not what was kept there."""

    code = "DATA_LOSS"
    reason = "DAMAGED"

    def __init__(self, key: str, what: str, *, hint: str = "") -> None:
        mend = "`seedbed store verify` says what else is wrong; with --repair it drops what can be made again"
        super().__init__(f"damaged: {key} {what}", hint=hint or mend)
        self.key = key
        self.what = what


class BusError(SeedbedError):
    """The bus does not answer, or not as it should."""

    code = "UNAVAILABLE"
    reason = "BUS_ERROR"
    retryable = True
