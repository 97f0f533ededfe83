"""The simulation of scaling: what goes in comes out, and more GPUs do not make anyone wait longer."""

import pytest

from benchmarks.arrivals import read_record
from benchmarks.simulation import Rules, simulate


def test_one_contribution_takes_what_it_takes():
    rules = Rules(most=1, calls_a_second=10, start=180, cooldown=300)
    lived = simulate([(0, 1)], 600, rules)
    # Three minutes to start, a minute of work; then five of cooldown.
    assert lived.longest_wait == pytest.approx(240, abs=30)
    assert lived.gpu_hours * 3600 == pytest.approx(540, abs=45)
    assert lived.most_gpus == 1


def test_the_broker_is_the_limit_where_gpus_are_many():
    lived = simulate([(0, 100)], 10_000, Rules(most=100, calls_a_second=12, broker=500))
    assert lived.most_calls == pytest.approx(500)


def test_more_gpus_make_nobody_wait_longer():
    record = [(when / 14, leaves) for when, leaves in read_record()]
    waits = [simulate(record, 3000, Rules(most=most)).mean_wait for most in (1, 4, 16, 64)]
    assert waits == sorted(waits, reverse=True)


def test_the_record_is_whole():
    record = read_record()
    assert record[0][0] == 0
    assert record == sorted(record)
    assert sum(leaves for _, leaves in record) == 580
