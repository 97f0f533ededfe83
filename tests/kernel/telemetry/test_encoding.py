"""What is written by hand is what OpenTelemetry's own stubs read."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan

from seedbed.collector.spans import plain
from seedbed.kernel.telemetry import attributes as a
from seedbed.kernel.telemetry.context import Context
from seedbed.kernel.telemetry.encoding import encode_request, encode_resource
from seedbed.kernel.telemetry.spans import Span, SpanTemplate

CONTEXTS = st.builds(Context, st.binary(min_size=16, max_size=16), st.binary(min_size=8, max_size=8))
TIMES = st.integers(1, 2**64 - 1)
VALUES = st.text(max_size=200) | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
TOLD = st.dictionaries(st.sampled_from(list(a.ATTRIBUTES.values())), VALUES, max_size=4)
KINDS = st.sampled_from(["internal", "server", "client", "producer", "consumer"])
TEMPLATES = st.builds(SpanTemplate, st.text(min_size=1), KINDS, TOLD)


def end(span, told, until, error):
    span.attributes, span.until, span.error = told, until, error
    return span


BEGUN = st.builds(Span, CONTEXTS, TEMPLATES, st.none() | CONTEXTS, st.lists(CONTEXTS, max_size=2), TIMES)
SPANS = st.builds(end, BEGUN, TOLD, TIMES, st.sampled_from(["", "STORE_ERROR"]))


def named(told):
    return {attribute.name: value for attribute, value in told.items()}


@given(st.lists(SPANS, max_size=2))
def test_what_is_written_is_what_was_told(told):
    resource = encode_resource({"service.name": "judge", "host.cpus": 2})
    data = encode_request(resource, "seedbed", told)
    request = ExportTraceServiceRequest.FromString(data)
    [of_resource] = request.resource_spans
    assert plain(of_resource.resource.attributes) == {"service.name": "judge", "host.cpus": 2}
    [of_scope] = of_resource.scope_spans
    assert of_scope.scope.name == "seedbed"
    for read, span in zip(of_scope.spans, told, strict=True):
        assert (read.trace_id, read.span_id) == span.context[:2]
        assert read.parent_span_id == (span.parent.span if span.parent else b"")
        assert (read.name, WireSpan.SpanKind.Name(read.kind)) == (
            span.template.name,
            f"SPAN_KIND_{span.template.kind.upper()}",
        )
        assert (read.start_time_unix_nano, read.end_time_unix_nano) == (span.since, span.until)
        assert [(link.trace_id, link.span_id) for link in read.links] == [link[:2] for link in span.links]
        assert plain(read.attributes) == {**named(span.template.attributes), **named(span.attributes)}
        assert (read.status.message, read.status.code == read.status.STATUS_CODE_ERROR) == (
            span.error,
            bool(span.error),
        )
        assert read.flags == 1


def test_a_text_that_is_no_unicode_spoils_no_request():
    span = Span(Context(bytes(16), bytes(8)), SpanTemplate("chat"))
    span.attributes = {a.STEP: "\ud800"}
    data = encode_request(b"", "seedbed", [span])
    [read] = ExportTraceServiceRequest.FromString(data).resource_spans[0].scope_spans[0].spans
    assert plain(read.attributes) == {"seedbed.step": "?"}
