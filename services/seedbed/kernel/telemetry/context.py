"""Trace contexts: who a span is, in messages and across processes. Pure.

Whatever has a name has a trace: a snapshot, a run, a leaf of a run, a draw. Its ids are hashes of that name.
So any process can link to it without asking, an item that comes again is in the trace it was in, and what
is traced is chosen by digest: all processes agree, and of the rest nothing is ever made.
"""

import re
import secrets
from contextvars import ContextVar
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

HEADER = "traceparent"

_WIRE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_WHOLE = 1 << 64
_NONE = bytes(16)


# A tuple, as every message that is traced brings one: made in half the time of a frozen dataclass.
class Context(NamedTuple):
    """A span, wherever it is."""

    trace: bytes
    span: bytes
    sampled: bool = True

    def __str__(self) -> str:
        """As it is written into headers (W3C Trace Context)."""
        return f"00-{self.trace.hex()}-{self.span.hex()}-{self.sampled:02x}"


current: ContextVar[Context | None] = ContextVar("current", default=None)
"""The span that work is done in, where it is traced."""


def trace_headers() -> dict[str, str]:
    """What a message takes with it of the span it is sent in."""
    span = current.get()
    return {HEADER: str(span)} if span else {}


def read(header: str | None) -> Context | None:
    """A context out of a header; None where there is none that can be read."""
    if header is None or not _WIRE.fullmatch(header):
        return None
    trace, span = bytes.fromhex(header[3:35]), bytes.fromhex(header[36:52])
    return None if _NONE in (trace, span + span) else Context(trace, span, bool(int(header[53:], 16) & 1))


def trace_of(*name: str) -> Context:
    """The first span of what bears that name."""
    digest = sha256("\n".join(name).encode()).digest()
    return Context(digest[:16], digest[16:24])


def of_snapshot(digest: str) -> Context:
    """The span of a snapshot's import; `digest` is the snapshot's."""
    return trace_of("snapshot", digest)


def of_run(run: str) -> Context:
    """The span of a run's creation; `run` is its name."""
    return trace_of("run", run)


@lru_cache(maxsize=1_024)
def of_leaf(run: str, leaf: str) -> Context:
    """The opening of a leaf, by its token."""
    return trace_of("leaf", run, leaf)


def of_item(run: str, digest: str) -> Context:
    """The queueing of an item that begins a trace of its own: a draw's first."""
    return trace_of("item", run, digest)


def span_of(trace: Context, *name: str) -> Context:
    """A span in a trace, its id made of its name: whoever knows both can link to it."""
    return Context(trace.trace, sha256(trace.trace + "\n".join(name).encode()).digest()[:8], trace.sampled)


def is_chosen(digest: str, ratio: float) -> bool:
    """Whether a share of `ratio` of all digests holds this one: for every process, and in every run."""
    return int(digest[:16], 16) < ratio * _WHOLE


def by_chance(ratio: float) -> Context:
    """A trace of something that has no name."""
    trace = secrets.token_bytes(16)
    return Context(trace, secrets.token_bytes(8), int.from_bytes(trace[:8]) < ratio * _WHOLE)
