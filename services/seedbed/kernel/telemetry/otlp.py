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
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from seedbed.kernel.tasks import end_tasks
from seedbed.kernel.telemetry.batches import Batches
from seedbed.kernel.telemetry.encoding import encode_request, encode_resource
from seedbed.kernel.telemetry.meters import Buckets, Instrument, Values, collect
from seedbed.kernel.telemetry.spans import Span

PATIENCE = 2.0
"""Seconds that an export may take at the end; a collector that is away holds nobody up."""

_SCOPE = InstrumentationScope("seedbed")


class _SpanExporter(OTLPSpanExporter):
    """Sends spans in bytes of our own: over the connection of the SDK's exporter, with its settings."""

    def __init__(self, endpoint: str | None, headers: dict[str, str] | None, resource: Resource) -> None:
        super().__init__(endpoint=endpoint, headers=headers)
        attributes = resource.attributes.items()
        self._about = encode_resource({k: v for k, v in attributes if isinstance(v, str | int | float)})

    def send(self, spans: Sequence[Span]) -> bool:
        """Send them together; blocks, and says whether they were taken."""
        # Written one after another, each takes a third of what it would take on its own between other work.
        return self._client.export(encode_request(self._about, _SCOPE.name, spans)).success


class Otlp:
    """Sends spans as they end, and metrics every `interval` seconds."""

    def __init__(self, resource: Mapping[str, str], endpoint: str, interval: float, token: str = "") -> None:
        self._resource = Resource.create(dict(resource))
        # Where none is named, the exporters read the variables of OpenTelemetry themselves.
        traces = f"{endpoint.rstrip('/')}/v1/traces" if endpoint else None
        metrics = f"{endpoint.rstrip('/')}/v1/metrics" if endpoint else None
        shown = {"authorization": f"Bearer {token}"} if token else None
        self._spans = _SpanExporter(traces, shown, self._resource)
        self._batches = Batches(self._spans.send)
        self._metrics = OTLPMetricExporter(endpoint=metrics, headers=shown)
        self._interval = interval
        self._since = time.time_ns()
        self._loop: asyncio.Task[None] | None = None

    def take(self, span: Span, /) -> None:
        self._batches.add(span)

    async def flush(self) -> None:
        """Send what spans there are."""
        await self._batches.flush()

    def start(self) -> None:
        """Begin to send spans as they end, and metrics at each interval."""
        self._batches.start()
        self._loop = asyncio.create_task(self._keep_sending())

    async def stop(self) -> None:
        """Send what there is, for as long as patience lasts."""
        await self._batches.stop()
        if self._loop:
            await end_tasks([self._loop])
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                last = asyncio.to_thread(self._metrics.export, self.snapshot())
                await asyncio.gather(last, self.flush())
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


def _metric(instrument: Instrument[float] | Instrument[Buckets], since: int, now: int) -> sdk.Metric:
    metric = instrument.metric
    rows = [(_attributes(instrument, values), value) for values, value in instrument.series.items()]
    data: sdk.DataT
    if metric.kind == "histogram":
        points = [
            _histogram(attributes, metric.bounds, row, since, now) for attributes, row in _buckets(rows)
        ]
        data = sdk.Histogram(points, sdk.AggregationTemporality.CUMULATIVE)
    else:
        numbers = [sdk.NumberDataPoint(attributes, since, now, value) for attributes, value in _numbers(rows)]
        data = (
            sdk.Sum(numbers, sdk.AggregationTemporality.CUMULATIVE, is_monotonic=True)
            if metric.kind == "counter"
            else sdk.Gauge(numbers)
        )
    return sdk.Metric(metric.name, metric.description, metric.unit, data)


_Rows = Iterable[tuple[dict[str, str], float | Buckets]]


def _buckets(rows: _Rows) -> Iterable[tuple[dict[str, str], Buckets]]:
    return [(attributes, row) for attributes, row in rows if isinstance(row, Buckets)]


def _numbers(rows: _Rows) -> Iterable[tuple[dict[str, str], float]]:
    return [(attributes, row) for attributes, row in rows if not isinstance(row, Buckets)]


def _attributes(instrument: Instrument[float] | Instrument[Buckets], values: Values) -> dict[str, str]:
    metric = instrument.metric
    named = zip(metric.attributes, values, strict=True)
    return {**metric.constant, **{attribute.name: value for attribute, value in named if value}}


def _histogram(
    attributes: dict[str, str], bounds: tuple[float, ...], row: Buckets, since: int, now: int
) -> sdk.HistogramDataPoint:
    exemplars = [
        Exemplar({}, value, when, int.from_bytes(span.span), int.from_bytes(span.trace))
        for value, when, span in row.exemplars.values()
    ]
    return sdk.HistogramDataPoint(
        attributes=attributes,
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
