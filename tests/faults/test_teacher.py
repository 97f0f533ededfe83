"""A teacher that goes away: the run pauses, says so, and goes on when it is back. Nothing fails."""

import time

from tests.faults.stage import AT_ONCE, wait_for

# Longer than every pause, probe and acknowledgement wait of a stack on one machine.
AWAY = 12.0


def test_the_run_waits_for_its_teacher(begin, teacher, undisturbed):
    run = begin()
    run.reach(undisturbed.asked // 2)
    teacher.kill()
    wait_for(lambda: "paused: " in run.said, "the run says that it is paused", 20)
    assert f"127.0.0.1:{teacher.port}" in run.said.partition("paused: ")[2]
    asked = teacher.asked
    time.sleep(AWAY)
    assert not run.ended
    teacher.start()
    wait_for(lambda: "going on" in run.said.partition("paused: ")[2], "the run says that it goes on", 20)
    assert teacher.asked >= asked
    undisturbed.compare(run, repeats=AT_ONCE)


def test_services_die_while_it_is_away(begin, teacher, undisturbed):
    run = begin()
    run.reach(undisturbed.asked // 3)
    teacher.kill()
    for victim in ("judge", "nats-server", "runs", "knowledge"):
        time.sleep(1)
        run.kill(victim)
    time.sleep(3)
    teacher.start()
    # What was in flight when the teacher died, and what the broker handed out twice.
    undisturbed.compare(run, repeats=AT_ONCE * 2)
