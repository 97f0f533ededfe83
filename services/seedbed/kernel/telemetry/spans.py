"""Spans: what is traced, under which names. What was not chosen is never made.

It knows no SDK: that is behind `Maker`, and there is none while telemetry is off.
"""

import contextlib
import random
from collections.abc import Mapping, Sequence
from contextvars import Token
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Protocol, Self

from seedbed.kernel.errors import SeedbedError
from seedbed.kernel.telemetry.attributes import ERROR_TYPE, Attribute
from seedbed.kernel.telemetry.context import Context, current

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Value = str | int | float | bool
Told = Mapping[Attribute, Value]

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


class Made(Protocol):
    """A span of the SDK."""

    def set_attribute(self, key: str, value: Value, /) -> None: ...

    def fail(self, error: str) -> None: ...

    def end(self) -> None: ...


class Maker(Protocol):
    """Makes spans."""

    def make(
        self,
        name: str,
        kind: Kind,
        context: Context,
        parent: Context | None,
        links: Sequence[Context],
        told: dict[str, Value],
        since: int,
        /,
    ) -> Made:
        """A span that has begun."""


@dataclass(slots=True)
class Tracing:
    """How this process traces."""

    maker: Maker | None = None
    ratio: float = 0.0
    """The share that is chosen."""
    content: bool = False
    """Whether prompts and replies may be told."""


tracing = Tracing()


class Span:
    """A stretch of work. One that is not traced does nothing."""

    __slots__ = ("_concluded", "_made", "_token", "context")

    def __init__(self, context: Context | None = None, made: Made | None = None) -> None:
        self.context = context
        """Who it is; None where it is not traced."""
        self._made = made
        self._token: Token[Context | None] | None = None
        self._concluded = False

    def __enter__(self) -> Self:
        if self._made is not None:
            self._token = current.set(self.context)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._made is None:
            return
        if self._token is not None:
            # A generator may be closed by another task than the one it ran in: that one's context is its own.
            with contextlib.suppress(ValueError):
                current.reset(self._token)
        if error is not None and not self._concluded:
            self.conclude(name_error(error))
        self._made.end()

    def set(self, told: Told) -> None:
        """Say more about it."""
        if self._made is not None:
            for attribute, value in told.items():
                self._made.set_attribute(attribute.name, value)

    def conclude(self, error: str = "") -> None:
        """This is how it ended, whatever is raised on the way out."""
        if self._made is None:
            return
        self._concluded = True
        if error:
            self._made.set_attribute(ERROR_TYPE.name, error)
            self._made.fail(error)


UNTRACED = Span()
"""Shared by all that is not traced."""


def traced(context: Context) -> Context | None:
    """A context of what is always traced, unless nothing is."""
    return context if tracing.ratio else None


def open_span(
    name: str,
    kind: Kind = "internal",
    *,
    at: Context | None = None,
    under: Context | None = None,
    links: Sequence[Context] = (),
    told: Told | None = None,
    since: int = 0,
) -> Span:
    """A span that has ids of its own (`at`), a parent (`under`), or both. Without a chosen one it is none.

    It begins now, or at `since`, in nanoseconds since the epoch.
    """
    chosen = at or under
    if tracing.maker is None or chosen is None or not chosen.sampled:
        return UNTRACED
    context = at or Context(chosen.trace, random.getrandbits(64) or 1)
    plain = {attribute.name: value for attribute, value in told.items()} if told else {}
    return Span(context, tracing.maker.make(name, kind, context, under, links, plain, since))


def name_error(error: BaseException) -> str:
    """What `error.type` says of an error."""
    return error.reason if isinstance(error, SeedbedError) else type(error).__name__
