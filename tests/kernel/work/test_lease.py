import pytest

from seedbed.kernel.work import lease as module
from seedbed.kernel.work.lease import Lease


class Clock:
    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def test_it_ends_when_the_broker_has_heard_nothing_for_so_long(clock):
    lease = Lease(5, since=98)
    clock.now = 102.9
    assert not lease.lapsed
    clock.now = 103
    assert lease.lapsed


def test_it_counts_from_when_the_sign_was_sent_not_from_its_answer(clock):
    lease = Lease(5, since=100)
    clock.now = 104
    lease.renew(since=102)
    clock.now = 106.9
    assert not lease.lapsed
    clock.now = 107
    assert lease.lapsed


def test_a_sign_that_came_too_late_brings_nothing_back(clock):
    lease = Lease(5, since=100)
    clock.now = 105
    lease.renew(since=104)
    assert lease.lapsed
