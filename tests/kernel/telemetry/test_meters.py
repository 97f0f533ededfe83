import dataclasses

import pytest

from seedbed.kernel.telemetry import meters
from seedbed.kernel.telemetry.attributes import ERROR_TYPE, STEP
from seedbed.kernel.telemetry.context import current, of_run
from seedbed.kernel.telemetry.meters import Counter, Gauge, Histogram, Instrument, Observed, collect, forget
from seedbed.kernel.telemetry.metrics import Metric

SECONDS = Metric("a.b", "histogram", "s", "For the test", (STEP,), ("runs",), bounds=(1, 10))
COUNT = Metric("a.c", "counter", "{item}", "For the test", (STEP,), ("runs",))
LEVEL = Metric("a.d", "gauge", "{item}", "For the test", (), ("runs",))


@pytest.fixture(autouse=True)
def on():
    every = list(Instrument.every)
    Instrument.on = True
    yield
    Instrument.on = False
    Instrument.every[:] = every
    forget()


def test_values_are_kept_by_their_attributes():
    counter, gauge = Counter(COUNT), Gauge(LEVEL)
    counter.add(1, "judge.pair")
    counter.add(2, "judge.pair")
    counter.add(4, "judge.grounded")
    gauge.set(7)
    gauge.set(5)
    assert counter.series == {("judge.pair",): 3, ("judge.grounded",): 4}
    assert gauge.series == {(): 5}


def test_a_bucket_holds_all_up_to_its_bound():
    histogram = Histogram(SECONDS)
    for value in (0.5, 1, 1.5, 10, 11):
        histogram.record(value, "s")
    assert histogram in collect()
    row = histogram.series["s",]
    assert row.counts == [2, 2, 1]
    assert (row.total, row.least, row.most) == (24, 0.5, 11)
    assert row.exemplars == {}


def test_values_are_sorted_into_their_buckets_whenever_somebody_asks_or_many_have_come(monkeypatch):
    monkeypatch.setattr(meters, "MANY", 4)
    histogram = Histogram(SECONDS)
    for value in (20, 0.5, 1, 5, 11, 2):
        histogram.record(value, "s")
    row = histogram.series["s",]
    assert (row.counts, row.recent) == ([2, 1, 1], [11, 2])
    collect()
    assert (row.counts, row.recent) == ([2, 2, 2], [])
    assert (row.total, row.least, row.most) == (39.5, 0.5, 20)
    collect()
    assert row.counts == [2, 2, 2]


def test_what_a_histogram_has_seen_can_be_told_as_a_count():
    histogram = Histogram(dataclasses.replace(SECONDS, attributes=(STEP, ERROR_TYPE)))
    for fault in ("", "", "STORE_ERROR"):
        histogram.record(0.5, "judge.pair", fault)
    histogram.record(0.5, "judge.grounded", "")
    assert dict(histogram.counts()) == {("judge.pair",): 3, ("judge.grounded",): 1}


def test_an_exemplar_is_the_last_that_was_traced_in_its_bucket():
    histogram = Histogram(SECONDS)
    token = current.set(of_run("r1"))
    histogram.record(0.1, "s")
    histogram.record(0.2, "s")
    current.reset(token)
    histogram.record(0.3, "s")
    [(value, _, span)] = histogram.series["s",].exemplars.values()
    assert (value, span) == (0.2, of_run("r1"))


def test_observers_are_asked_when_it_is_collected_and_only_then():
    observed, values = Observed(COUNT), {"x": 1.0}
    observed.observe(lambda: [((name,), value) for name, value in values.items()])
    assert observed.series == {}
    assert observed in collect()
    assert observed.series == {("x",): 1.0}
    values.clear()
    assert observed not in collect()


def test_switched_off_nothing_is_kept():
    Instrument.on = False
    counter, gauge, histogram = Counter(COUNT), Gauge(LEVEL), Histogram(SECONDS)
    counter.add(1, "x")
    gauge.set(1)
    histogram.record(1, "x")
    assert [counter.series, gauge.series, histogram.series] == [{}, {}, {}]
