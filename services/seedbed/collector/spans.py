"""Spans in a file: written as they come, read by trace. Reading needs no collector that runs."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan

KEPT = 2_000_000
"""Spans that are kept; the oldest go first."""
_SWEEP = 20_000

_TABLES = """\
CREATE TABLE IF NOT EXISTS spans (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    trace TEXT NOT NULL, span TEXT NOT NULL, parent TEXT NOT NULL,
    name TEXT NOT NULL, service TEXT NOT NULL, start INTEGER NOT NULL, finish INTEGER NOT NULL,
    error TEXT NOT NULL, attributes TEXT NOT NULL, links TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS by_id ON spans (trace, span, start);
"""
_COLUMNS = "trace, span, parent, name, service, start, finish, error, attributes, links"


@dataclass(frozen=True, slots=True)
class Span:
    """One span. Times are in nanoseconds since the epoch, ids in hexadecimal."""

    trace: str
    span: str
    parent: str
    name: str
    service: str
    start: int
    finish: int
    error: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    links: tuple[tuple[str, str], ...] = ()
    """Trace and span of each."""


class SpanFile:
    """Spans in an SQLite file; only the latest are kept, see `KEPT`."""

    def __init__(self, path: Path) -> None:
        self._base = sqlite3.connect(path)
        # Telemetry is worth no waiting for the disk: what a power cut takes is not missed.
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = OFF")
        self._base.executescript(_TABLES)
        self._since_sweep = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._base.close()

    def add(self, spans: Iterable[Span]) -> None:
        """Keep spans; one that comes twice is kept once."""
        rows = [
            (s.trace, s.span, s.parent, s.name, s.service, s.start, s.finish, s.error,
             json.dumps(s.attributes), json.dumps(s.links))
            for s in spans
        ]  # fmt: skip
        with self._base:
            self._base.executemany(
                f"INSERT OR REPLACE INTO spans ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)",  # noqa: S608  ours
                rows,
            )
            self._since_sweep += len(rows)
            if self._since_sweep >= _SWEEP:
                self._since_sweep = 0
                self._base.execute(
                    "DELETE FROM spans WHERE number <= (SELECT max(number) FROM spans) - ?", (KEPT,)
                )


def read_trace(path: Path, trace: str) -> list[Span]:
    """The spans of a trace, in order of their start."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as base:
        rows = base.execute(
            f"SELECT {_COLUMNS} FROM spans WHERE trace = ? ORDER BY start, number",  # noqa: S608  ours
            (trace,),
        ).fetchall()
    return [_row(*row) for row in rows]


def _row(
    trace: str, span: str, parent: str, name: str, service: str, start: int, finish: int, *rest: str
) -> Span:
    error, attributes, links = rest
    linked = tuple((trace, span) for trace, span in json.loads(links))
    return Span(trace, span, parent, name, service, start, finish, error, json.loads(attributes), linked)


def spans_of(request: ExportTraceServiceRequest) -> Iterator[Span]:
    """Each span of an export, with the `service.name` of its resource; "" where it has none."""
    for of_resource in request.resource_spans:
        resource = plain(of_resource.resource.attributes)
        service = str(resource.get("service.name", ""))
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield _span(span, service)


def _span(span: WireSpan, service: str) -> Span:
    error = span.status.message or "error" if span.status.code == span.status.STATUS_CODE_ERROR else ""
    return Span(
        trace=span.trace_id.hex(),
        span=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        name=span.name,
        service=service,
        start=span.start_time_unix_nano,
        finish=span.end_time_unix_nano,
        error=error,
        attributes=plain(span.attributes),
        links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
    )


def plain(attributes: Iterable[KeyValue]) -> dict[str, Any]:
    """Attributes as they are meant."""
    return {pair.key: _value(pair.value) for pair in attributes}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind in ("string_value", "bool_value", "int_value", "double_value") else ""
