"""Workers come and go in the middle of a run, as a scaler does it: the same bytes, no call paid twice."""

import json
import signal

import psutil
import pytest

from tests.deploy.lag import read_lags
from tests.faults.stage import Run, open_teacher, wait_for

PATIENCE = 180.0


def at_work(process, teacher):
    """Whether a process has called the teacher."""
    found = psutil.Process(process.pid).net_connections("tcp")
    return any(connection.raddr[1:2] == (teacher.port,) for connection in found)


def drain(process):
    """What a cluster does with a pod that is one too many. It must end in order, and in time."""
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


def lags_of(run):
    ports = json.loads((run.state / "ports.json").read_text())
    return read_lags(f"127.0.0.1:{ports['nats-monitor']}", account="$G")


@pytest.fixture
def teacher(tmp_path):
    """Slow enough that workers have the time to come and go; what it answers is the same."""
    with open_teacher(tmp_path, delay_ms=800) as opened:
        yield opened


@pytest.fixture
def run(tmp_path, undisturbed, teacher):
    """The undisturbed run's like, with calls enough at once for many workers."""
    begun = Run(tmp_path / "run", undisturbed.taxonomy, teacher, undisturbed.target, at_once=24).start()
    yield begun
    begun.stop()


def test_from_one_worker_to_four_and_back(run, undisturbed, teacher):
    run.reach(undisturbed.asked // 20)
    assert sum(lags_of(run).values()) > 0, "the scaler would see no work"
    # Nothing goes on until all are up, however long that takes on a busy machine.
    teacher.freeze()
    everyone = [run.double(name, SEEDBED_GRACE="30") for name in ("knowledge", "judge") for _ in range(3)]
    logs = [log for name in ("knowledge", "judge") for log in run.folder.glob(f"{name}-*.log")]
    wait_for(lambda: all(b"serving" in log.read_bytes() for log in logs), "all serve", PATIENCE)
    teacher.thaw()
    working: set[int] = set()

    def all_have_worked():
        working.update(process.pid for process in everyone if at_work(process, teacher))
        return len(working) == len(everyone) or run.ended

    wait_for(all_have_worked, "all of them work", PATIENCE)
    assert not run.ended, "the run was over before all of them worked"
    for process in everyone:
        drain(process)
    assert not run.ended, "the run was over before they were sent away"
    undisturbed.compare(run, repeats=0)
    assert teacher.stats()["repeated"] == 0
