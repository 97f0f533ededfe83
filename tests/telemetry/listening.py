"""A collector in the test's own process: it keeps what it is told as it came, and Prometheus may look on."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from aiohttp import web
from google.protobuf.message import Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from seedbed.collector.exposition import CONTENT_TYPE, Board
from seedbed.collector.spans import Span, plain, spans_of

MessageT = TypeVar("MessageT", bound=Message)
PATIENCE = 5.0
"""Seconds after which a process that is silent is shown no more."""


@dataclass
class Heard:
    """What was told."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)
    metrics: list[ExportMetricsServiceRequest] = field(default_factory=list)

    def families(self) -> Iterator[tuple[str, Metric]]:
        """Every metric, with the service that told of it."""
        for request in self.metrics:
            for of_resource in request.resource_metrics:
                service = str(plain(of_resource.resource.attributes)["service.name"])
                for scope in of_resource.scope_metrics:
                    for metric in scope.metrics:
                        yield service, metric

    def last(self, name: str) -> Metric:
        """A metric as it was told last."""
        return [metric for _, metric in self.families() if metric.name == name][-1]


@asynccontextmanager
async def listening() -> AsyncIterator[Heard]:
    """Listen on a port of this machine."""
    heard, board = Heard(), Board(patience=PATIENCE)

    async def traces(request: web.Request) -> web.Response:
        told = _parse(ExportTraceServiceRequest(), await request.read())
        heard.spans += spans_of(told)
        return web.Response(content_type="application/x-protobuf")

    async def metrics(request: web.Request) -> web.Response:
        told = _parse(ExportMetricsServiceRequest(), await request.read())
        heard.metrics.append(told)
        board.take(told, time.monotonic())
        return web.Response(content_type="application/x-protobuf")

    async def show(_: web.Request) -> web.Response:
        text = board.show(time.monotonic())
        return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})

    app = web.Application(client_max_size=1 << 26)
    app.add_routes(
        [web.post("/v1/traces", traces), web.post("/v1/metrics", metrics), web.get("/metrics", show)]
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        heard.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield heard
    finally:
        await runner.cleanup()


def _parse(told: MessageT, body: bytes) -> MessageT:
    told.ParseFromString(body)
    return told
