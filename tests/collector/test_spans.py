import sqlite3

import pytest

from seedbed.collector import spans
from seedbed.collector.spans import Span, SpanFile, read_trace


def span(number, trace="aa", **more):
    return Span(trace, f"{number:016x}", "", "process x", "judge", number, number + 5, **more)


def test_a_trace_comes_back_in_order_and_alone(tmp_path):
    path = tmp_path / "spans"
    told = span(2, error="STORE_ERROR", attributes={"a": 1, "b": True}, links=(("cc", "dd"),))
    with SpanFile(path) as file:
        file.add([told, span(1), span(3, trace="bb")])
        # Read while it is written.
        assert read_trace(path, "aa") == [span(1), told]
    assert read_trace(path, "aa") == [span(1), told]
    assert read_trace(path, "cc") == []


def test_a_span_that_comes_twice_is_kept_once(tmp_path):
    path = tmp_path / "spans"
    with SpanFile(path) as file:
        file.add([span(1)])
        file.add([span(1)])
    assert read_trace(path, "aa") == [span(1)]


def test_the_oldest_go_first(tmp_path, monkeypatch):
    monkeypatch.setattr(spans, "KEPT", 3)
    monkeypatch.setattr(spans, "_SWEEP", 1)
    path = tmp_path / "spans"
    with SpanFile(path) as file:
        for number in range(6):
            file.add([span(number)])
    assert [found.start for found in read_trace(path, "aa")] == [3, 4, 5]


def test_there_is_nothing_to_read_where_nothing_was_written(tmp_path):
    with pytest.raises(sqlite3.OperationalError):
        read_trace(tmp_path / "none", "aa")
