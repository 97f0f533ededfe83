"""Spans of a leaf: its opening, its rounds, its end; and in a draw's own trace what became of it."""

import time
from collections import Counter
from collections.abc import Iterator

from seedbed.bus.v1.bus_pb2 import Item, LeafTarget, Plan
from seedbed.kernel.telemetry import attributes as a
from seedbed.kernel.telemetry import metrics, spans
from seedbed.kernel.telemetry.context import (
    Context,
    current,
    is_chosen,
    of_item,
    of_leaf,
    of_run,
    of_snapshot,
    span_of,
)
from seedbed.kernel.telemetry.items import ActiveContext, first
from seedbed.kernel.telemetry.meters import Histogram
from seedbed.kernel.telemetry.spans import Attributes, Span, SpanTemplate, open_span, traced, tracing
from seedbed.runs.domain.leaf_state import Decided, LeafStateMachine
from seedbed.runs.domain.rounds import PREPARATION
from seedbed.runs.domain.settlement import Settlement

_settlement = Histogram(metrics.SETTLEMENT)


def opening(item: Item) -> Span | ActiveContext:
    """Around the queueing of an item that `runs` opens."""
    return first(item, preparing=item.draw == PREPARATION)


def creating(plan: Plan) -> Span:
    """Around the creation of a run: the first span of its trace."""
    links = [of_snapshot(plan.snapshot), *filter(None, [current.get()])]
    attributes: Attributes = {a.RUN: plan.run, a.SNAPSHOT: plan.snapshot}
    return open_span(
        SpanTemplate(spans.CREATE), at=traced(of_run(plan.run)), links=links, attributes=attributes
    )


class LeafTelemetry:
    """Records the spans of one leaf of a run."""

    def __init__(self, run: str, target: LeafTarget) -> None:
        self._run = run
        self._target = target
        attributes: Attributes = {
            a.RUN: run,
            a.LEAF: target.leaf,
            a.LEAF_PATH: target.path,
            a.LEAF_KIND: target.kind,
        }
        names = (spans.OPEN_LEAF, spans.ROUND, spans.SETTLE_DRAW, spans.END_LEAF)
        self._templates = {name: SpanTemplate(name, attributes=attributes) for name in names}
        self._rounds, self._since = 0, time.time_ns()

    def opening(self) -> Span:
        """Around the opening of the leaf: the first span of its trace."""
        run = of_run(self._run)
        return open_span(self._templates[spans.OPEN_LEAF], at=self._trace(), links=[run])

    def ending(self, state: LeafStateMachine) -> Span:
        """Around the writing of its part."""
        attributes: Attributes = {a.ACCEPTED: state.settlement.accepted, a.LEAF_SHORT: state.shortfall()}
        return open_span(self._templates[spans.END_LEAF], under=self._trace(), attributes=attributes)

    def settling(self, state: LeafStateMachine) -> Iterator[Decided]:
        """The draws that a leaf decides, each with the time it took; one that is traced is recorded."""
        began = time.perf_counter()
        for decided in state.settle():
            _settlement.record(time.perf_counter() - began, self._target.kind)
            if tracing.sink is not None and is_chosen(decided.root, tracing.ratio):
                self._record_draw(decided, state.settlement.rounds)
            yield decided
            began = time.perf_counter()

    def closed(self, settlement: Settlement) -> None:
        """A round has ended, if one was open: its span is from the end of the one before."""
        if settlement.rounds > self._rounds and (trace := self._trace()):
            attributes: Attributes = {a.ROUND: settlement.rounds - 1, a.ACCEPTED: settlement.accepted}
            at = _round(trace, settlement.rounds - 1)
            with open_span(
                self._templates[spans.ROUND], at=at, under=trace, attributes=attributes, since=self._since
            ):
                pass
        self._rounds, self._since = settlement.rounds, time.time_ns()

    def _record_draw(self, decided: Decided, number: int) -> None:
        trace, ends = self._trace(), Counter(decision.end for _, decision in decided.candidates)
        attributes: Attributes = {
            a.DRAW: decided.number,
            a.ITEM: decided.root,
            a.CANDIDATE_END: ", ".join(f"{count} {end}" for end, count in sorted(ends.items())),
        }
        links = [_round(trace, number)] if trace else []
        under = of_item(self._run, decided.root)
        with open_span(self._templates[spans.SETTLE_DRAW], under=under, links=links, attributes=attributes):
            pass

    def _trace(self) -> Context | None:
        return traced(of_leaf(self._run, self._target.leaf))


def _round(trace: Context, number: int) -> Context:
    return span_of(trace, "round", str(number))
