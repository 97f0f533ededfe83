"""A network that drops everything for a while, between all at once: services, broker, teacher, command."""

import pytest

from tests.faults.network import drop, open_network
from tests.faults.stage import AT_ONCE, Run, open_teacher

# A blink; past the acknowledgement wait of a stack on one machine; until the silent are taken for dead.
AWAY = (0.5, 7.0, 12.0)


@pytest.fixture
def run(tmp_path, undisturbed):
    with open_network(), open_teacher(tmp_path) as teacher:
        run = Run(tmp_path / "run", undisturbed.taxonomy, teacher, undisturbed.target)
        try:
            yield run.start()
        finally:
            run.stop()


def test_the_run_waits_for_its_network(run, undisturbed):
    for number, seconds in enumerate(AWAY, start=1):
        run.reach(undisturbed.asked * number // (len(AWAY) + 1))
        assert not run.ended
        drop(seconds)
    # What was in flight each time, and what is begun anew when it comes back.
    undisturbed.compare(run, repeats=AT_ONCE * 2 * len(AWAY))
