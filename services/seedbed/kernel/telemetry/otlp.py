"""The way out: what was recorded goes to a collector by OTLP. The only module that knows OpenTelemetry's SDK.

It is loaded where telemetry is on, and exports in threads: an item never waits for a collector.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics import export as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from seedbed.kernel.tasks import end_tasks
from seedbed.kernel.telemetry.context import Context
from seedbed.kernel.telemetry.meters import Buckets, Instrument, Values, collect
from seedbed.kernel.telemetry.spans import Kind, Value

PATIENCE = 2.0
"""Seconds that an export may take at the end; a collector that is away holds nobody up."""

_SCOPE = InstrumentationScope("seedbed")
_UNSET = Status(StatusCode.UNSET)
_KINDS = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}  # fmt: skip


class _Made:
    """A span that goes on. The SDK hears of it at its end: what it keeps before costs more than all else."""

    __slots__ = ("_context", "_error", "_kind", "_links", "_name", "_otlp", "_parent", "_since", "_told")

    def __init__(
        self,
        otlp: "Otlp",
        name: str,
        kind: Kind,
        context: Context,
        parent: Context | None,
        links: Sequence[Context],
        told: dict[str, Value],
        since: int,
    ) -> None:
        self._otlp = otlp
        self._name = name
        self._kind = kind
        self._context = context
        self._parent = parent
        self._links = links
        self._told = told
        self._since = since or time.time_ns()
        self._error = ""

    def set_attribute(self, key: str, value: Value, /) -> None:
        self._told[key] = value

    def fail(self, error: str) -> None:
        self._error = error

    def end(self) -> None:
        status = Status(StatusCode.ERROR, self._error) if self._error else _UNSET
        self._otlp.take(
            ReadableSpan(
                name=self._name,
                context=_sdk_context(self._context, is_remote=False),
                parent=_sdk_context(self._parent) if self._parent else None,
                resource=self._otlp.resource,
                attributes=self._told,
                links=[Link(_sdk_context(link)) for link in self._links],
                kind=_KINDS[self._kind],
                status=status,
                start_time=self._since,
                end_time=time.time_ns(),
                instrumentation_scope=_SCOPE,
            )
        )


class Otlp:
    """Sends spans as they end, and metrics every `interval` seconds."""

    def __init__(self, resource: Mapping[str, str], endpoint: str, interval: float) -> None:
        self.resource = Resource.create(dict(resource))
        # Where none is named, the exporters read the variables of OpenTelemetry themselves.
        traces = f"{endpoint.rstrip('/')}/v1/traces" if endpoint else None
        metrics = f"{endpoint.rstrip('/')}/v1/metrics" if endpoint else None
        self._spans = OTLPSpanExporter(endpoint=traces)
        self._batches = BatchSpanProcessor(self._spans, max_queue_size=16_384, max_export_batch_size=2_048)
        self._metrics = OTLPMetricExporter(endpoint=metrics)
        self._interval = interval
        self._since = time.time_ns()
        self._loop: asyncio.Task[None] | None = None

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
    ) -> _Made:
        """See Maker."""
        return _Made(self, name, kind, context, parent, links, told, since)

    def take(self, span: ReadableSpan) -> None:
        """A span has ended."""
        self._batches.on_end(span)

    def start(self) -> None:
        """Begin to send metrics."""
        self._loop = asyncio.create_task(self._keep_sending())

    async def stop(self) -> None:
        """Send what there is, for as long as patience lasts."""
        if self._loop:
            await end_tasks([self._loop])
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                last = self.snapshot()
                await asyncio.gather(
                    asyncio.to_thread(self._metrics.export, last),
                    asyncio.to_thread(self._batches.force_flush, int(PATIENCE * 1000)),
                )
        # Or their threads would go on trying, and the process wait for them.
        self._metrics.shutdown()
        self._spans.shutdown()  # type: ignore[no-untyped-call]

    async def _keep_sending(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            await asyncio.to_thread(self._metrics.export, self.snapshot())

    def snapshot(self) -> sdk.MetricsData:
        """All metrics as they stand."""
        now = time.time_ns()
        metrics = [_metric(instrument, self._since, now) for instrument in collect()]
        scope = sdk.ScopeMetrics(_SCOPE, metrics, "")
        return sdk.MetricsData([sdk.ResourceMetrics(self.resource, [scope], "")])


def _sdk_context(context: Context, *, is_remote: bool = True) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if context.sampled else TraceFlags.DEFAULT)
    return SpanContext(context.trace, context.span, is_remote=is_remote, trace_flags=flags)


def _metric(instrument: Instrument[float] | Instrument[Buckets], since: int, now: int) -> sdk.Metric:
    metric = instrument.metric
    rows = [(_attributes(instrument, values), value) for values, value in instrument.series.items()]
    data: sdk.DataT
    if metric.kind == "histogram":
        points = [_histogram(told, metric.bounds, row, since, now) for told, row in _buckets(rows)]
        data = sdk.Histogram(points, sdk.AggregationTemporality.CUMULATIVE)
    else:
        numbers = [sdk.NumberDataPoint(told, since, now, value) for told, value in _numbers(rows)]
        data = (
            sdk.Sum(numbers, sdk.AggregationTemporality.CUMULATIVE, is_monotonic=True)
            if metric.kind == "counter"
            else sdk.Gauge(numbers)
        )
    return sdk.Metric(metric.name, metric.description, metric.unit, data)


_Rows = Iterable[tuple[dict[str, str], float | Buckets]]


def _buckets(rows: _Rows) -> Iterable[tuple[dict[str, str], Buckets]]:
    return [(told, row) for told, row in rows if isinstance(row, Buckets)]


def _numbers(rows: _Rows) -> Iterable[tuple[dict[str, str], float]]:
    return [(told, row) for told, row in rows if not isinstance(row, Buckets)]


def _attributes(instrument: Instrument[float] | Instrument[Buckets], values: Values) -> dict[str, str]:
    metric = instrument.metric
    named = zip(metric.attributes, values, strict=True)
    return {**metric.constant, **{attribute.name: value for attribute, value in named if value}}


def _histogram(
    told: dict[str, str], bounds: tuple[float, ...], row: Buckets, since: int, now: int
) -> sdk.HistogramDataPoint:
    exemplars = [
        Exemplar({}, value, when, span.span, span.trace) for value, when, span in row.exemplars.values()
    ]
    return sdk.HistogramDataPoint(
        attributes=told,
        start_time_unix_nano=since,
        time_unix_nano=now,
        count=sum(row.counts),
        sum=row.total,
        bucket_counts=list(row.counts),
        explicit_bounds=bounds,
        min=row.least,
        max=row.most,
        exemplars=exemplars,
    )
