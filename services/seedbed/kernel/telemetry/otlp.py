"""The way out: what was recorded goes to a collector by OTLP. The only module that knows OpenTelemetry's SDK.

It is loaded where telemetry is on, and exports in threads: an item never waits for a collector.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics import export as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace import Span as SdkSpan
from opentelemetry.trace.propagation import set_span_in_context

from seedbed.kernel.tasks import end_tasks
from seedbed.kernel.telemetry.context import Context
from seedbed.kernel.telemetry.meters import Buckets, Instrument, Values, collect
from seedbed.kernel.telemetry.spans import Kind, Value

SCOPE = "seedbed"
PATIENCE = 2.0
"""Seconds that an export may take at the end; a collector that is away holds nobody up."""

_KINDS = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}  # fmt: skip


class _Ids(IdGenerator):
    """Hands out the ids that were decided on: a span's are known before it is made."""

    def __init__(self) -> None:
        self.next = Context(1, 1)

    def generate_span_id(self) -> int:
        return self.next.span

    def generate_trace_id(self) -> int:
        return self.next.trace


@dataclass(frozen=True, slots=True)
class _Made:
    span: SdkSpan

    def set_attribute(self, key: str, value: Value, /) -> None:
        self.span.set_attribute(key, value)

    def fail(self, error: str) -> None:
        self.span.set_status(Status(StatusCode.ERROR, error))

    def end(self) -> None:
        self.span.end()


class Otlp:
    """Sends spans as they end, and metrics every `interval` seconds."""

    def __init__(self, resource: Mapping[str, str], endpoint: str, interval: float) -> None:
        self._resource = Resource.create(dict(resource))
        # Where none is named, the exporters read the variables of OpenTelemetry themselves.
        traces = f"{endpoint.rstrip('/')}/v1/traces" if endpoint else None
        metrics = f"{endpoint.rstrip('/')}/v1/metrics" if endpoint else None
        self._ids = _Ids()
        self._provider = TracerProvider(
            sampler=ALWAYS_ON, resource=self._resource, id_generator=self._ids, shutdown_on_exit=False
        )
        self._spans = OTLPSpanExporter(endpoint=traces)
        self._provider.add_span_processor(
            BatchSpanProcessor(self._spans, max_queue_size=16_384, max_export_batch_size=2_048)
        )
        self._tracer = self._provider.get_tracer(SCOPE)
        self._metrics = OTLPMetricExporter(endpoint=metrics)
        self._scope = InstrumentationScope(SCOPE)
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
        told: Mapping[str, Value],
        since: int,
        /,
    ) -> _Made:
        """See Maker. On the event loop only: the ids are handed over by the side."""
        self._ids.next = context
        above = set_span_in_context(NonRecordingSpan(_sdk_context(parent))) if parent else None
        return _Made(
            self._tracer.start_span(
                name,
                # An empty context, or the SDK looks for a parent of its own.
                context=above or {},  # type: ignore[arg-type]  # a Context is a dict
                kind=_KINDS[kind],
                attributes=told,
                start_time=since or None,
                links=[Link(_sdk_context(link)) for link in links],
            )
        )

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
                    asyncio.to_thread(self._provider.force_flush, int(PATIENCE * 1000)),
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
        scope = sdk.ScopeMetrics(self._scope, metrics, "")
        return sdk.MetricsData([sdk.ResourceMetrics(self._resource, [scope], "")])


def _sdk_context(context: Context) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if context.sampled else TraceFlags.DEFAULT)
    return SpanContext(context.trace, context.span, is_remote=True, trace_flags=flags)


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
    exemplars = [Exemplar({}, e.value, e.time, e.span, e.trace) for e in row.exemplars.values()]
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
