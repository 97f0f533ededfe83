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
    Summary,
)
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from seedbed.collector.exposition import Board, prometheus_name


def pairs(**values):
    return [KeyValue(key=k.replace("__", "."), value=AnyValue(string_value=v)) for k, v in values.items()]


def request(*metrics, instance="i1"):
    found = ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=metrics)])
    found.resource.attributes.extend(
        pairs(service__namespace="seedbed", service__name="judge", service__instance__id=instance)
    )
    return ExportMetricsServiceRequest(resource_metrics=[found])


def read(text):
    """As a strict reader of OpenMetrics takes it: families by name."""
    return {family.name: family for family in text_string_to_metric_families(text)}


def shown(*metrics):
    board = Board(patience=10)
    board.take(request(*metrics), 0)
    assert read(board.show(1))
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
        ("requests.total", "", "counter", "requests"),
        ("5xx.answers", "", "gauge", "_5xx_answers"),
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


def test_all_that_processes_tell_is_read_back_by_a_strict_reader_with_who_told_it():
    exemplar = Exemplar(as_double=4, time_unix_nano=1_500_000_000, trace_id=b"\x01" * 16, span_id=b"\x02" * 8)
    words = 'with "quotes", a \\ and\na line'
    metrics = [
        Metric(
            name="a.wait",
            unit="s",
            description=words,
            histogram=Histogram(
                data_points=[
                    HistogramDataPoint(
                        count=3,
                        sum=16,
                        bucket_counts=[1, 1, 1],
                        explicit_bounds=[1, 5],
                        exemplars=[exemplar],
                        attributes=pairs(step=step),
                    )
                    for step in ("one", words)
                ]
            ),
        ),
        Metric(name="a.count", sum=Sum(data_points=[NumberDataPoint(as_double=2.5)], is_monotonic=True)),
        Metric(name="a.level", sum=Sum(data_points=[NumberDataPoint(as_int=-1)])),
    ]
    board = Board(patience=10)
    for instance in ("i1", "i2"):
        board.take(request(*metrics, instance=instance), 0)
    found = read(board.show(1))
    assert {name: family.type for name, family in found.items()} == {
        "a_count": "counter",
        "a_level": "gauge",
        "a_wait_seconds": "histogram",
        "target": "info",
    }
    assert found["a_wait_seconds"].documentation == words
    buckets = [sample for sample in found["a_wait_seconds"].samples if sample.name.endswith("_bucket")]
    assert [sample.value for sample in buckets] == [1, 2, 3] * 4
    assert {sample.labels["step"] for sample in buckets} == {"one", words}
    assert {(sample.labels["job"], sample.labels["instance"]) for sample in buckets} == {
        ("seedbed/judge", "i1"),
        ("seedbed/judge", "i2"),
    }
    exemplars = [sample.exemplar for sample in buckets if sample.exemplar]
    assert {one.labels["trace_id"] for one in exemplars} == {"01" * 16}
    assert [(one.value, float(one.timestamp)) for one in exemplars] == [(4, 1.5)] * 4


def test_a_histogram_without_buckets_has_the_one_that_holds_all():
    lines = shown(Metric(name="a", histogram=Histogram(data_points=[HistogramDataPoint(count=3, sum=6)])))
    assert 'a_bucket{job="seedbed/judge",instance="i1",le="+Inf"} 3' in lines


def test_a_metric_of_an_unknown_kind_is_left_out_and_the_others_stay():
    lines = shown(
        Metric(name="a", summary=Summary()),
        Metric(
            name="b", gauge=Gauge(data_points=[NumberDataPoint(as_int=1, attributes=pairs(**{"0x": "y"}))])
        ),
    )
    assert not any(line.startswith(("a", "# TYPE a")) for line in lines)
    assert 'b{job="seedbed/judge",instance="i1",_0x="y"} 1' in lines


def test_two_releases_that_tell_of_one_name_as_different_kinds_leave_the_rest_readable():
    point = NumberDataPoint(as_int=1)
    board = Board(patience=10)
    board.take(request(Metric(name="a", gauge=Gauge(data_points=[point])), instance="old"), 0)
    board.take(request(Metric(name="a", sum=Sum(data_points=[point], is_monotonic=True)), instance="new"), 0)
    found = read(board.show(1))
    assert [sample.labels["instance"] for sample in found["a"].samples] == ["old"]
    assert {sample.labels["instance"] for sample in found["target"].samples} == {"old", "new"}
