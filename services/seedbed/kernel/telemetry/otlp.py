"""The way out: what was recorded goes to a collector by OTLP. The only module that knows OpenTelemetry's SDK.

It is loaded where telemetry is on, and exports in threads: an item never waits for a collector.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope as WireScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as WireResource
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status as WireStatus
from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics import export as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, TraceFlags

from seedbed.kernel.tasks import end_tasks
from seedbed.kernel.telemetry.context import Context
from seedbed.kernel.telemetry.meters import Buckets, Instrument, Values, collect
from seedbed.kernel.telemetry.spans import Kind, Value

PATIENCE = 2.0
"""Seconds that an export may take at the end; a collector that is away holds nobody up."""

_SCOPE = InstrumentationScope("seedbed")
_WIRE_SCOPE = WireScope(name="seedbed")
_SAMPLED = 1
_KINDS = {
    "internal": WireSpan.SPAN_KIND_INTERNAL,
    "server": WireSpan.SPAN_KIND_SERVER,
    "client": WireSpan.SPAN_KIND_CLIENT,
    "producer": WireSpan.SPAN_KIND_PRODUCER,
    "consumer": WireSpan.SPAN_KIND_CONSUMER,
}  # fmt: skip


class _Made:
    """A span. It becomes a message at its end, at once: made by the SDK, it would cost four times as much."""

    __slots__ = ("_error", "_take", "_told", "_wire")

    def __init__(self, take: Callable[[WireSpan], None], wire: WireSpan, told: dict[str, Value]) -> None:
        self._take = take
        self._wire = wire
        self._told = told
        self._error = ""

    def set_attribute(self, key: str, value: Value, /) -> None:
        self._told[key] = value

    def fail(self, error: str) -> None:
        self._error = error

    def end(self) -> None:
        self._wire.end_time_unix_nano = time.time_ns()
        self._wire.attributes.extend(_pair(key, value) for key, value in self._told.items())
        if self._error:
            self._wire.status.code = WireStatus.STATUS_CODE_ERROR
            self._wire.status.message = self._error
        self._take(self._wire)


@lru_cache(maxsize=2_048, typed=True)
def _pair(key: str, value: Value) -> KeyValue:
    # Most come again with the next span.
    if isinstance(value, bool):
        return KeyValue(key=key, value=AnyValue(bool_value=value))
    if isinstance(value, int):
        return KeyValue(key=key, value=AnyValue(int_value=value))
    if isinstance(value, float):
        return KeyValue(key=key, value=AnyValue(double_value=value))
    return KeyValue(key=key, value=AnyValue(string_value=value))


class _SpanExporter(OTLPSpanExporter):
    """Sends spans that are messages already: over the connection of the SDK's exporter, with its settings."""

    def __init__(self, endpoint: str | None, resource: Resource) -> None:
        super().__init__(endpoint=endpoint)
        self._about = WireResource(attributes=[_pair(k, v) for k, v in resource.attributes.items()])

    def export(self, spans: Sequence[Any]) -> SpanExportResult:
        request = ExportTraceServiceRequest()
        # In place: what is put into a message is copied, with all that is in it.
        of_resource = request.resource_spans.add(resource=self._about)
        of_resource.scope_spans.add(scope=_WIRE_SCOPE).spans.extend(span.wire for span in spans)
        sent = self._client.export(request.SerializeToString())
        return SpanExportResult.SUCCESS if sent.success else SpanExportResult.FAILURE


class _Ended:
    """A span as the SDK's batches take it: those that were chosen only come here."""

    __slots__ = ("wire",)
    context = SpanContext(1, 1, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))

    def __init__(self, wire: WireSpan) -> None:
        self.wire = wire


class Otlp:
    """Sends spans as they end, and metrics every `interval` seconds."""

    def __init__(self, resource: Mapping[str, str], endpoint: str, interval: float) -> None:
        self._resource = Resource.create(dict(resource))
        # Where none is named, the exporters read the variables of OpenTelemetry themselves.
        traces = f"{endpoint.rstrip('/')}/v1/traces" if endpoint else None
        metrics = f"{endpoint.rstrip('/')}/v1/metrics" if endpoint else None
        self._spans = _SpanExporter(traces, self._resource)
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
        trace, span = _bytes(context)
        wire = WireSpan(
            trace_id=trace,
            span_id=span,
            parent_span_id=_bytes(parent)[1] if parent else b"",
            name=name,
            kind=_KINDS[kind],
            start_time_unix_nano=since or time.time_ns(),
            flags=_SAMPLED,
        )
        for link in links:
            wire.links.add(trace_id=_bytes(link)[0], span_id=_bytes(link)[1])
        return _Made(self._take, wire, told)

    def _take(self, wire: WireSpan) -> None:
        self._batches.on_end(_Ended(wire))  # type: ignore[arg-type]  # all that is asked of it

    def flush(self) -> None:
        """Send what spans there are; blocks."""
        self._batches.force_flush(int(PATIENCE * 1000))

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
                    asyncio.to_thread(self.flush),
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
        return sdk.MetricsData([sdk.ResourceMetrics(self._resource, [scope], "")])


def _bytes(context: Context) -> tuple[bytes, bytes]:
    return context.trace.to_bytes(16, "big"), context.span.to_bytes(8, "big")


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
