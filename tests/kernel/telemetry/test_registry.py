"""The registry is sound in itself; that it is what a run tells is held by tests/telemetry."""

import re

import pytest

from seedbed.kernel.telemetry.attributes import ATTRIBUTES
from seedbed.kernel.telemetry.metrics import METRICS
from seedbed.kernel.telemetry.setup import is_wanted
from tests.kernel.telemetry.settings_of import settings

NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_metric_is_whole(metric):
    assert NAME.fullmatch(metric.name)
    assert metric.services
    assert metric.description
    assert bool(metric.bounds) == (metric.kind == "histogram")
    assert list(metric.bounds) == sorted(set(metric.bounds))
    names = [attribute.name for attribute in metric.attributes]
    assert len(set(names)) == len(names)
    assert {*names, *metric.constant} <= set(ATTRIBUTES)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_metric_has_no_attribute_without_end(metric):
    assert not [a.name for a in metric.attributes if a.values.startswith("spans only")]


@pytest.mark.parametrize("attribute", ATTRIBUTES.values(), ids=ATTRIBUTES)
def test_an_attribute_is_whole(attribute):
    assert NAME.fullmatch(attribute.name)
    assert attribute.values


def test_it_is_wanted_where_a_collector_is_named_by_whomever():
    assert not is_wanted(settings(), {})
    assert is_wanted(settings(otlp_endpoint="http://c:4318"), {})
    assert is_wanted(settings(), {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"})
    off = {"OTEL_SDK_DISABLED": "true"}
    assert not is_wanted(settings(otlp_endpoint="http://c:4318"), off)
