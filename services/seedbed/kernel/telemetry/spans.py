"""Spans: what is traced, under which names. What was not chosen is never made.

It knows no way out: that is behind `Sink`, and there is none while telemetry is off.
"""

import contextlib
import random
import time
from collections.abc import Mapping, Sequence
from contextvars import Token
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Protocol, Self

from seedbed.kernel.errors import SeedbedError
from seedbed.kernel.telemetry.attributes import ERROR_TYPE, Attribute
from seedbed.kernel.telemetry.context import Context, current

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Value = str | int | float | bool
Attributes = Mapping[Attribute, Value]

IMPORT = "import taxonomy"
CREATE = "create run"
OPEN_LEAF = "open leaf"
ROUND = "round"
SETTLE_DRAW = "settle draw"
END_LEAF = "end leaf"
CHAT = "chat"
PUBLISH = "publish"
PROCESS = "process"
SPANS = {
    IMPORT: "A taxonomy is read into a snapshot",
    CREATE: "A run is created from a snapshot",
    OPEN_LEAF: "What may be recalled is brought in, and the leaf is opened; its rounds and chunks are below",
    ROUND: "From the opening of a round until all its candidates are decided",
    SETTLE_DRAW: "What became of one draw; in the draw's own trace",
    END_LEAF: "The leaf's part of the dataset is written",
    CHAT: "One request to a teacher or judge; the model's name follows",
    PUBLISH: "An item that begins a trace of its own is queued; the template follows",
    PROCESS: "An item, from its arrival to its acknowledgement; the template follows",
}
"""The first words of each span's name, and what it is. A gRPC call's span bears the name of its method."""


class Sink(Protocol):
    """Takes spans that have ended."""

    def take(self, span: "Span", /) -> None:
        """Take a span that has ended; called once for each."""


@dataclass(slots=True)
class Tracing:
    """Where this process's spans go, which share of them, and whether with content."""

    sink: Sink | None = None
    ratio: float = 0.0
    """The share that is chosen."""
    content: bool = False
    """Whether prompts and replies may be sent."""


tracing = Tracing()


# Compared by identity: its encoding is looked up by it for every span.
@dataclass(frozen=True, slots=True, eq=False)
class SpanTemplate:
    """What many spans have in common."""

    name: str
    kind: Kind = "internal"
    attributes: Attributes = field(default_factory=dict)


class Span:
    """A stretch of work. One that is not traced, and so has no context, does nothing."""

    __slots__ = (
        "_concluded", "_token", "attributes", "context", "error", "links", "parent", "since", "template",
        "until",
    )  # fmt: skip

    def __init__(
        self,
        context: Context | None,
        template: SpanTemplate,
        parent: Context | None = None,
        links: Sequence[Context] = (),
        since: int = 0,
    ) -> None:
        self.context = context
        """Who it is; None where it is not traced."""
        self.template = template
        self.parent = parent
        self.links = links
        self.attributes: dict[Attribute, Value] = {}
        self.since = since
        self.until = 0
        self.error = ""
        self._token: Token[Context | None] | None = None
        self._concluded = False

    def __enter__(self) -> Self:
        if self.context is not None:
            self._token = current.set(self.context)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.context is None:
            return
        if self._token is not None:
            # A generator may be closed by another task than the one it ran in: that one's context is its own.
            with contextlib.suppress(ValueError):
                current.reset(self._token)
        if error is not None and not self._concluded:
            self.conclude(name_error(error))
        self.until = time.time_ns()
        if tracing.sink is not None:
            tracing.sink.take(self)

    def set(self, attribute: Attribute, value: Value) -> None:
        """Set an attribute; nothing where the span is not traced."""
        if self.context is not None:
            self.attributes[attribute] = value

    def conclude(self, error: str = "") -> None:
        """This is how it ended, whatever is raised on the way out."""
        if self.context is None:
            return
        self._concluded = True
        if error:
            self.attributes[ERROR_TYPE] = self.error = error


UNTRACED = Span(None, SpanTemplate("untraced"))
"""Shared by all that is not traced."""


def traced(context: Context) -> Context | None:
    """A context of what is always traced, unless nothing is."""
    return context if tracing.ratio else None


def open_span(
    template: SpanTemplate,
    *,
    at: Context | None = None,
    under: Context | None = None,
    links: Sequence[Context] = (),
    attributes: Attributes | None = None,
    since: int = 0,
) -> Span:
    """A span that has ids of its own (`at`), a parent (`under`), or both. Without a chosen one it is none.

    It begins now, or at `since`, in nanoseconds since the epoch.
    """
    chosen = at or under
    if tracing.sink is None or chosen is None or not chosen.sampled:
        return UNTRACED
    context = at or Context(chosen.trace, random.randbytes(8))
    span = Span(context, template, under, links, since or time.time_ns())
    if attributes:
        span.attributes.update(attributes)
    return span


def name_error(error: BaseException) -> str:
    """What `error.type` says of an error."""
    return error.reason if isinstance(error, SeedbedError) else type(error).__name__
