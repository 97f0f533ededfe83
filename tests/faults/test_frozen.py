"""Frozen processes: past the acknowledgement wait others take over, and what comes late does no harm."""

import random
import signal
import time

import pytest

from tests.faults.stage import AT_ONCE

# A stack on one machine waits five seconds for an acknowledgement.
FROZEN = 7.0
# Calls in which a judge that serves comes to its share of the permits.
PACE = 60


@pytest.mark.parametrize("victim", ["runs", "nats-server"])
def test_a_frozen_process_goes_on_as_if_nothing_had_been(begin, undisturbed, victim):
    run = begin()
    run.reach(random.Random(victim).randrange(50, undisturbed.asked // 2))
    run.signal(victim, signal.SIGSTOP)
    time.sleep(FROZEN)
    run.signal(victim, signal.SIGCONT)
    # What was in flight as it froze, and as it thawed.
    undisturbed.compare(run, repeats=AT_ONCE * 2)


def test_a_worker_comes_back_late_to_what_another_has_redone(begin, undisturbed):
    run = begin()
    run.reach(30)
    run.double("judge")
    run.reach(run.teacher.asked + PACE)
    run.signal("judge", signal.SIGSTOP)
    time.sleep(FROZEN)
    run.signal("judge", signal.SIGCONT)
    # What it had in flight as it froze: what it had only in hand it leaves to the other.
    undisturbed.compare(run, repeats=AT_ONCE)
