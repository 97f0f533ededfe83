import asyncio
import signal
import subprocess
import sys
import time

import psutil
import pytest

from seedbed.cli.stack.processes.child import Child, Program, describe_exit
from tests.cli.output import first_line

PATH = {"PATH": "/usr/bin:/bin"}
SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from seedbed.cli.stack.processes.child import Child, Program

async def main():
    program = Program(name="sleeper", argv=("sleep", "60"), env={"PATH": "/usr/bin:/bin"})
    child = await Child.start(program, Path(sys.argv[1]))
    await asyncio.sleep(0.3)
    print(child.pid, flush=True)
    await child.wait()

asyncio.run(main())
"""


def wait_for(what):
    deadline = time.monotonic() + 5
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_at_work(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def program(*argv, **env):
    return Program(name="child", argv=argv, env={**PATH, **env})


async def test_output_goes_to_the_log(tmp_path):
    log = tmp_path / "child.log"
    child = await Child.start(program("sh", "-c", "echo out; echo $WORD >&2", WORD="err"), log)
    assert await child.wait() == 0
    assert log.read_text() == "out\nerr\n"
    assert child.last_words() == "out\nerr"


async def test_the_program_is_visible_as_itself(tmp_path):
    child = await Child.start(program("sleep", "60"), tmp_path / "log")
    await asyncio.sleep(0.3)
    assert psutil.Process(child.pid).cmdline() == ["sleep", "60"]
    await child.stop(5)
    assert not child.alive


async def test_what_does_not_stop_is_killed(tmp_path):
    child = await Child.start(program("sh", "-c", "trap '' TERM; echo; sleep 60; sleep 60"), tmp_path / "log")
    await asyncio.to_thread(wait_for, (tmp_path / "log").read_text)
    await child.stop(0.2)
    assert await child.wait() == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the services watch their parent themselves")
def test_children_die_with_a_killed_supervisor(tmp_path):
    log = str(tmp_path / "log")
    with subprocess.Popen([sys.executable, "-c", SUPERVISOR, log], stdout=subprocess.PIPE) as supervisor:
        child = psutil.Process(int(first_line(supervisor)))
        assert child.is_running()
        supervisor.kill()
        supervisor.wait()
        wait_for(lambda: not is_at_work(child.pid))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody watches a program's own children")
def test_what_a_child_has_started_dies_with_a_killed_supervisor(tmp_path):
    family = SUPERVISOR.replace('("sleep", "60")', '("sh", "-c", "sleep 60 & sleep 61")')
    family = family.replace("env=", "family=True, env=")
    log = str(tmp_path / "log")
    with subprocess.Popen([sys.executable, "-c", family, log], stdout=subprocess.PIPE) as supervisor:
        child = psutil.Process(int(first_line(supervisor)))
        started = child.children(recursive=True)
        assert {one.name() for one in started} >= {"sleep"}
        supervisor.kill()
        supervisor.wait()
        wait_for(lambda: not any(map(is_at_work, [child.pid, *(one.pid for one in started)])))


async def test_what_a_child_has_started_dies_with_it(tmp_path):
    words, log = ("sh", "-c", "sleep 60 & echo $!; exit 3"), tmp_path / "log"
    child = await Child.start(Program(name="child", argv=words, env=PATH, family=True), log)
    assert await child.wait() == 3
    left = int(log.read_text())
    await asyncio.to_thread(wait_for, lambda: not is_at_work(left))


def test_a_program_does_not_show_its_environment():
    assert "secret" not in repr(program("sleep", KEY="secret"))


async def test_a_long_log_is_put_aside(tmp_path, monkeypatch):
    monkeypatch.setattr("seedbed.cli.stack.processes.child._LOG_LIMIT", 10)
    log = tmp_path / "child.log"
    log.write_text("x" * 11)
    child = await Child.start(program("echo", "new"), log)
    await child.wait()
    assert log.read_text() == "new\n"
    assert (tmp_path / "child.log.1").read_text() == "x" * 11


def test_ends_are_told_in_words():
    assert describe_exit(2) == "exit status 2"
    assert describe_exit(-9) == "signal SIGKILL"
