"""Items on the bus, queued, taken, worked on, given up: what is recorded of them, and in which trace.

A draw's first item begins a trace, chosen by its digest; what follows from it is in the same one, as the
messages' headers say. What a leaf does before there are draws is in the leaf's trace, and where that fans out
over many items each begins a trace of its own, which links back.
"""

import time
from collections.abc import Iterable, Sequence
from contextvars import Token
from functools import lru_cache
from types import TracebackType
from typing import Self

from nats.aio.msg import Msg

from seedbed.bus.v1.bus_pb2 import DeadLetter, Item, Outcome, Record
from seedbed.kernel.telemetry import attributes as a
from seedbed.kernel.telemetry import metrics, spans
from seedbed.kernel.telemetry.context import (
    HEADER,
    Context,
    current,
    is_chosen,
    of_item,
    of_leaf,
    read,
    span_of,
)
from seedbed.kernel.telemetry.meters import Counter, Histogram, Observed
from seedbed.kernel.telemetry.spans import Span, SpanTemplate, open_span, tracing
from seedbed.pipeline.items import item_name

_process = Histogram(metrics.PROCESS_DURATION)
_publish = Histogram(metrics.PUBLISH_DURATION)
_waited = Histogram(metrics.PERMIT_WAIT)
_dead = Counter(metrics.DEAD_LETTERS)
Observed(metrics.CONSUMED).observe(_process.counts)
Observed(metrics.SENT).observe(_publish.counts)

OUTCOMES = {number: name.removeprefix("OUTCOME_").lower() for name, number in Outcome.items()}
_GIVEN_UP = ("malformed", "failed")


@lru_cache
def subject_template(step: str) -> str:
    """The subject of a step's items, with placeholders for what differs between them."""
    return f"seedbed.v1.work.{step}.{{run}}.{{leaf}}.{{item}}"


def record_sent(step: str, began: float) -> None:
    """Count an item as queued, with the seconds since `began` (of `time.perf_counter`)."""
    if _publish.on:
        _publish.record(time.perf_counter() - began, subject_template(step))


def record_dead_letter(letter: DeadLetter) -> None:
    """Count an item as given up, by step and outcome."""
    _dead.add(1, letter.step, OUTCOMES[letter.outcome])


def expect_dead_letters(steps: Iterable[str]) -> None:
    """Begin at nought: a first letter is a rise only where something stood before."""
    for step in steps:
        for outcome in _GIVEN_UP:
            _dead.add(0, step, outcome)


class ActiveContext:
    """What is queued in here is in that trace; in none where none is named."""

    __slots__ = ("_token", "context")

    def __init__(self, context: Context | None) -> None:
        self.context = context
        self._token: Token[Context | None] | None = None

    def __enter__(self) -> Self:
        self._token = current.set(self.context)
        return self

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            current.reset(self._token)


def first(item: Item, *, preparing: bool) -> Span | ActiveContext:
    """Around the queueing of an item that follows from none: in the leaf's trace, or in its own if chosen."""
    if tracing.sink is None:
        return spans.UNTRACED
    leaf = of_leaf(item.run, item.leaf)
    return ActiveContext(spans.traced(leaf)) if preparing else _begin(item, leaf)


def following(item: Item, child: Item) -> Span | ActiveContext:
    """Around the queueing of what follows from an item at work."""
    here = current.get()
    if here is None or child.step == item.step or here.trace != of_leaf(item.run, item.leaf).trace:
        return spans.UNTRACED
    return _begin(child, here)


def _begin(item: Item, origin: Context) -> Span | ActiveContext:
    if not is_chosen(item.digest, tracing.ratio):
        return ActiveContext(None)
    return _open_first(item, of_item(item.run, item.digest), [origin])


def trace_queued(item: Item, at: Context | None, links: Sequence[Context], since: int) -> None:
    """An item has begun its trace at `at`, if that is one; it was queued since `since`."""
    with _open_first(item, at, links, since):
        pass


def _open_first(item: Item, at: Context | None, links: Sequence[Context], since: int = 0) -> Span:
    template = _span_template(spans.PUBLISH, item.step, item.run, item.leaf)
    return _tell(open_span(template, at=at, links=links, since=since), item)


def part(digest: str) -> ActiveContext:
    """Around one of a job's many calls: in the job's trace if it is chosen, else in none."""
    return ActiveContext(current.get() if is_chosen(digest, tracing.ratio) else None)


class Work:
    """Around an item at a worker, from its arrival to its acknowledgement."""

    __slots__ = ("_began", "_fault", "_item", "_message", "_span")

    def __init__(self, item: Item, message: Msg) -> None:
        self._item = item
        self._message = message
        self._span = spans.UNTRACED
        self._began = 0.0
        self._fault = ""

    def __enter__(self) -> Self:
        if _process.on:
            self._began = time.perf_counter()
            if self._message.headers and (parent := read(self._message.headers.get(HEADER))):
                self._span = _open(self._item, parent, self._message.metadata.num_delivered)
                self._span.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._began:
            return
        fault = spans.name_error(error) if error is not None else self._fault
        _process.record(time.perf_counter() - self._began, subject_template(self._item.step), fault)
        self._span.__exit__(kind, error, trace)

    def fail(self, fault: str) -> None:
        """It did not end as it should, though nothing is raised."""
        self._fault = fault
        self._span.conclude(fault)

    def record_wait(self, seconds: float) -> None:
        """Record the seconds from its arrival to its permit."""
        _waited.record(seconds, self._item.step)
        self._span.set(a.WAITED, seconds)

    def record_end(self, record: Record) -> None:
        """Note how the item ended, and whether its result was recalled."""
        self._span.set(a.OUTCOME, OUTCOMES[record.outcome])
        if record.recalled:
            self._span.set(a.RECALLED, record.recalled)


def _open(item: Item, parent: Context, delivery: int) -> Span:
    own = item_name(item.digest, item.candidate)
    # Named by its delivery: what comes again knows the span of the time before, though its process died.
    before = [span_of(parent, own, str(delivery - 1))] if delivery > 1 else []
    at = span_of(parent, own, str(delivery))
    template = _span_template(spans.PROCESS, item.step, item.run, item.leaf)
    span = _tell(open_span(template, at=at, under=parent, links=before), item)
    span.set(a.DELIVERY, delivery)
    return span


def _tell(span: Span, item: Item) -> Span:
    span.set(a.ITEM, item.digest)
    if item.candidate:
        span.set(a.CANDIDATE, item.candidate)
    return span


@lru_cache(maxsize=4_096)
def _span_template(operation: str, step: str, run: str, leaf: str) -> SpanTemplate:
    name = subject_template(step)
    attributes: spans.Attributes = {
        a.MESSAGING_SYSTEM: "nats",
        a.MESSAGING_OPERATION: operation,
        a.MESSAGING_TEMPLATE: name,
        a.MESSAGING_CONVERSATION: run,
        a.LEAF: leaf,
        a.STEP: step,
    }
    return SpanTemplate(
        f"{operation} {name}", "producer" if operation == spans.PUBLISH else "consumer", attributes
    )
