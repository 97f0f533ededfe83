"""The HTTP face: OTLP as protobuf comes in, metrics go out as text."""

import hmac
import time

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from seedbed.collector.exposition import CONTENT_TYPE, Board
from seedbed.collector.spans import SpanFile, spans_of

PROTOBUF = "application/x-protobuf"
LARGEST_BODY = 64 * 1024 * 1024

_BOARD = web.AppKey("board", Board)
_SPANS = web.AppKey("spans", SpanFile)


def make_app(spans: SpanFile, board: Board, token: str = "") -> web.Application:
    """The application. With a token it takes from, and shows to, those alone that have it."""
    app = web.Application(client_max_size=LARGEST_BODY, middlewares=[_guard(token)] if token else [])
    app[_BOARD], app[_SPANS] = board, spans
    app.add_routes(
        [
            web.post("/v1/traces", _take_traces),
            web.post("/v1/metrics", _take_metrics),
            web.get("/metrics", _show_metrics),
        ]
    )
    return app


def _guard(token: str) -> Middleware:
    known = f"Bearer {token}".encode()

    @web.middleware
    async def ask(request: web.Request, handler: Handler) -> web.StreamResponse:
        shown = request.headers.get("authorization", "").encode(errors="surrogateescape")
        if not hmac.compare_digest(shown, known):
            raise web.HTTPUnauthorized(
                text="this collector asks for its stack's token: `authorization: Bearer …`\n",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return await handler(request)

    return ask


async def _take_traces(request: web.Request) -> web.Response:
    report = ExportTraceServiceRequest()
    await _read(request, report)
    request.app[_SPANS].add(spans_of(report))
    return _answer(ExportTraceServiceResponse())


async def _take_metrics(request: web.Request) -> web.Response:
    report = ExportMetricsServiceRequest()
    await _read(request, report)
    request.app[_BOARD].take(report, time.monotonic())
    return _answer(ExportMetricsServiceResponse())


async def _read(request: web.Request, report: Message) -> None:
    if request.content_type != PROTOBUF:
        raise web.HTTPUnsupportedMediaType(text=f"OTLP is taken as {PROTOBUF}")
    try:
        # aiohttp has unpacked it, where it came packed.
        report.ParseFromString(await request.read())
    except DecodeError as error:
        raise web.HTTPBadRequest(text=f"not OTLP: {error}") from error


def _answer(message: Message) -> web.Response:
    return web.Response(body=message.SerializeToString(), content_type=PROTOBUF)


async def _show_metrics(request: web.Request) -> web.Response:
    text = request.app[_BOARD].show(time.monotonic())
    return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})
