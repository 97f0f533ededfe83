"""SIGKILL, without a word, at random moments: the same bytes, and at most the calls in flight paid again."""

import random

from tests.faults.stage import AT_ONCE, SERVICES


def moments(undisturbed, count, seed):
    """So many moments of a run, as counts of calls."""
    return sorted(random.Random(seed).sample(range(10, undisturbed.asked * 9 // 10), count))


def test_each_service_in_turn(begin, undisturbed):
    run = begin()
    victims = random.Random(1).sample(SERVICES, len(SERVICES))
    for victim, moment in zip(victims, moments(undisturbed, len(victims), seed=1), strict=True):
        run.reach(moment)
        run.kill(victim)
    undisturbed.compare(run, repeats=AT_ONCE * len(victims))
    assert f"{victims[0]} ended (signal SIGKILL); it starts again" in run.said


def test_the_broker_again_and_again(begin, undisturbed):
    run = begin()
    for moment in moments(undisturbed, 4, seed=3):
        run.reach(moment)
        run.kill("nats-server")
    undisturbed.compare(run, repeats=AT_ONCE * 4)


def test_all_at_once(begin, undisturbed):
    run = begin()
    for moment in moments(undisturbed, 2, seed=4):
        run.reach(moment)
        run.kill("nats-server", *SERVICES)
    undisturbed.compare(run, repeats=AT_ONCE * 2)


def test_the_command_itself(begin, undisturbed):
    run = begin()
    (moment,) = moments(undisturbed, 1, seed=5)
    run.reach(moment)
    run.kill_command()
    run.start()
    undisturbed.compare(run, repeats=AT_ONCE)
