"""Spans as OTLP's bytes: a message object of each would cost twice as much. Pure.

What is written is an `ExportTraceServiceRequest`, field by field as in opentelemetry/proto/trace/v1; a test
reads it back with OpenTelemetry's own stubs.
"""

import struct
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

from seedbed.kernel.telemetry.attributes import Attribute
from seedbed.kernel.telemetry.context import Context
from seedbed.kernel.telemetry.spans import Kind, Span, SpanTemplate, Value

_KINDS: dict[Kind, int] = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
_TIMES = struct.Struct("<BQBQ")
_DOUBLE = struct.Struct("<Bd")
_FLAGS = b"\x85\x01\x01\x00\x00\x00"
"""Sampled; it ends every span."""
_FAILED = b"\x18\x02"
_WHOLE = 1 << 64


def encode_request(resource: bytes, scope: str, spans: Iterable[Span]) -> bytes:
    """A request with so many spans; `resource` says which process sends them."""
    named = _field(0x0A, _field(0x0A, scope.encode()))
    written = [_span(span, span.context) for span in spans if span.context is not None]
    return _field(0x0A, resource + _field(0x12, named + b"".join(written)))


def encode_resource(about: Mapping[str, Value]) -> bytes:
    """Which process sends: the beginning of each request."""
    pairs = [_field(0x0A, _field(0x0A, key.encode()) + _any(value)) for key, value in about.items()]
    return _field(0x0A, b"".join(pairs))


def _span(span: Span, context: Context) -> bytes:
    parts = [_ids(context), _of_template(span.template), _TIMES.pack(0x39, span.since, 0x41, span.until)]
    parts += [_field(0x4A, _key(attribute) + _any(value)) for attribute, value in span.attributes.items()]
    if span.parent is not None:
        parts.append(b"\x22\x08" + span.parent.span)
    parts += [_field(0x6A, _ids(link)) for link in span.links]
    if span.error:
        parts.append(_field(0x7A, _field(0x12, span.error.encode()) + _FAILED))
    parts.append(_FLAGS)
    return _field(0x12, b"".join(parts))


def _ids(context: Context) -> bytes:
    return b"\x0a\x10" + context.trace + b"\x12\x08" + context.span


@lru_cache(maxsize=4_096)
def _of_template(template: SpanTemplate) -> bytes:
    attributes = [
        _field(0x4A, _key(attribute) + _any(value)) for attribute, value in template.attributes.items()
    ]
    return _field(0x2A, template.name.encode()) + bytes((0x30, _KINDS[template.kind])) + b"".join(attributes)


@cache
def _key(attribute: Attribute) -> bytes:
    return _field(0x0A, attribute.name.encode())


def _any(value: Value) -> bytes:
    """A value, as the field of its attribute."""
    if isinstance(value, str):
        return _field(0x12, _field(0x0A, value.encode(errors="replace")))
    if isinstance(value, float):
        return b"\x12\x09" + _DOUBLE.pack(0x21, value)
    if isinstance(value, bool):
        return bytes((0x12, 2, 0x10, value))
    # Negative ones are written as their complement, of 64 bits.
    return _field(0x12, b"\x18" + _varint(value % _WHOLE))


def _field(tag: int, content: bytes) -> bytes:
    size = len(content)
    # Attributes are short, spans of middling length.
    if size < 0x80:
        return bytes((tag, size)) + content
    if size < 0x4000:
        return bytes((tag, size & 0x7F | 0x80, size >> 7)) + content
    return bytes((tag,)) + _varint(size) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
