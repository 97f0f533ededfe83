import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    Exemplar,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)

from seedbed.collector.exposition import Board, prometheus_name


def pairs(**values):
    return [KeyValue(key=k.replace("__", "."), value=AnyValue(string_value=v)) for k, v in values.items()]


def request(*metrics, instance="i1"):
    found = ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=metrics)])
    found.resource.attributes.extend(
        pairs(service__namespace="seedbed", service__name="judge", service__instance__id=instance)
    )
    return ExportMetricsServiceRequest(resource_metrics=[found])


def shown(*metrics):
    board = Board(patience=10)
    board.take(request(*metrics), 0)
    return board.show(1).splitlines()


@pytest.mark.parametrize(
    ("name", "unit", "kind", "expected"),
    [
        ("rpc.server.call.duration", "s", "histogram", "rpc_server_call_duration_seconds"),
        ("process.cpu.time", "s", "counter", "process_cpu_time_seconds"),
        ("process.memory.usage", "By", "gauge", "process_memory_usage_bytes"),
        ("gen_ai.client.token.usage", "{token}", "histogram", "gen_ai_client_token_usage"),
        ("a.share", "1", "gauge", "a_share_ratio"),
        ("a.count", "1", "counter", "a_count"),
        ("wait.seconds", "s", "gauge", "wait_seconds"),
    ],
)
def test_names_are_those_that_prometheus_makes_of_otlp(name, unit, kind, expected):
    assert prometheus_name(name, unit, kind) == expected


def test_a_counter_and_a_gauge_with_who_tells_and_escaped_values():
    point = NumberDataPoint(as_double=3, attributes=pairs(seedbed__step='a"b\\'))
    lines = shown(
        Metric(name="seedbed.x", unit="{item}", sum=Sum(data_points=[point], is_monotonic=True)),
        Metric(name="seedbed.y", gauge=Gauge(data_points=[NumberDataPoint(as_int=7)])),
    )
    who = 'job="seedbed/judge",instance="i1"'
    assert f'seedbed_x_total{{{who},seedbed_step="a\\"b\\\\"}} 3.0' in lines
    assert f"seedbed_y{{{who}}} 7" in lines
    assert "# TYPE seedbed_x counter" in lines
    assert lines[-1] == "# EOF"


def test_a_histogram_adds_up_and_its_exemplar_stands_at_its_bucket():
    exemplar = Exemplar(as_double=4, time_unix_nano=1_500_000_000, trace_id=b"\x01" * 16, span_id=b"\x02" * 8)
    point = HistogramDataPoint(
        count=3, sum=16, bucket_counts=[1, 1, 1], explicit_bounds=[1, 5], exemplars=[exemplar]
    )
    lines = shown(Metric(name="a.b", unit="s", histogram=Histogram(data_points=[point])))
    who = 'job="seedbed/judge",instance="i1"'
    ids = f'trace_id="{"01" * 16}",span_id="{"02" * 8}"'
    assert f'a_b_seconds_bucket{{{who},le="1.0"}} 1' in lines
    assert f'a_b_seconds_bucket{{{who},le="5.0"}} 2 # {{{ids}}} 4.0 1.500' in lines
    assert f'a_b_seconds_bucket{{{who},le="+Inf"}} 3' in lines
    assert f"a_b_seconds_count{{{who}}} 3" in lines


def test_a_process_that_is_silent_is_taken_off_and_the_others_stay():
    metric = Metric(name="a", gauge=Gauge(data_points=[NumberDataPoint(as_int=1)]))
    board = Board(patience=10)
    board.take(request(metric, instance="old"), 0)
    board.take(request(metric, instance="new"), 8)
    assert "old" in board.show(9)
    assert "old" not in board.show(12)
    assert "new" in board.show(12)
    assert board.show(9).count("# TYPE a gauge") == 1
