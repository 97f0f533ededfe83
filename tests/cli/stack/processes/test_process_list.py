import dataclasses
import os
import subprocess
import sys
import time

import psutil
import pytest

from seedbed.cli.stack.processes.process_list import ProcessList, Started, end_leftovers
from tests.cli.output import first_line

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
)


@pytest.fixture
def processes(tmp_path):
    return ProcessList(tmp_path / "processes.json")


@pytest.fixture
def sleeper():
    process = subprocess.Popen(["sleep", "60"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def test_a_process_that_runs_is_found(sleeper):
    found = Started.of("sleeper", sleeper.pid).find()
    assert found is not None
    assert found.pid == sleeper.pid


def test_a_later_process_with_the_same_pid_is_another(sleeper):
    started = Started.of("sleeper", sleeper.pid)
    assert dataclasses.replace(started, started=started.started - 60).find() is None


def test_a_zombie_does_not_count(sleeper):
    started = Started.of("sleeper", sleeper.pid)
    sleeper.kill()
    psutil.wait_procs([psutil.Process(sleeper.pid)], timeout=0.1)
    time.sleep(0.1)
    assert started.find() is None


def test_leftovers_are_ended_and_forgotten(processes, sleeper):
    processes.add(Started.of("sleeper", sleeper.pid))
    assert end_leftovers(processes) == ["sleeper"]
    assert not psutil.pid_exists(sleeper.pid)
    assert list(processes) == []


def test_a_stranger_with_the_pid_of_a_leftover_lives_on(processes, sleeper):
    started = Started.of("judge", sleeper.pid)
    processes.add(dataclasses.replace(started, started=started.started - 3600))
    assert end_leftovers(processes) == []
    assert sleeper.poll() is None


def test_a_leftover_that_does_not_listen_is_killed(processes, monkeypatch):
    monkeypatch.setattr("seedbed.cli.stack.processes.process_list._PATIENCE", 0.3)
    process = subprocess.Popen(
        [sys.executable, "-c", STUBBORN], start_new_session=True, stdout=subprocess.PIPE
    )
    with process:
        first_line(process)
        processes.add(Started.of("stubborn", process.pid))
        assert end_leftovers(processes) == ["stubborn"]
        assert not psutil.pid_exists(process.pid)


def test_what_a_leftover_had_started_ends_with_it(processes):
    script = "sleep 60 & echo $!; wait"
    process = subprocess.Popen(["sh", "-c", script], start_new_session=True, stdout=subprocess.PIPE)
    with process:
        grandchild = psutil.Process(int(first_line(process)))
        processes.add(Started.of("shell", process.pid))
        end_leftovers(processes)
        psutil.wait_procs([grandchild], timeout=5)
        # In a container nobody may reap it; a zombie is dead enough.
        assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


def test_the_list_keeps_the_latest_of_each_name(processes):
    processes.add(Started("judge", 1, 1.0))
    processes.add(Started("runs", 2, 2.0))
    processes.add(Started("judge", 3, 3.0))
    assert sorted(processes, key=lambda row: row.pid) == [
        Started("runs", 2, 2.0),
        Started("judge", 3, 3.0),
    ]


@pytest.mark.parametrize("text", ["", "[{", "{}", '[{"name": "judge"}]', "null"])
def test_a_damaged_list_is_an_empty_one(tmp_path, text):
    path = tmp_path / "processes.json"
    path.write_text(text)
    assert list(ProcessList(path)) == []


def test_our_own_process_has_a_start():
    assert Started.of("us", os.getpid()).find() is not None
