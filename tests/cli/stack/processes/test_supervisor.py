import asyncio

import psutil
import pytest

from seedbed.cli.stack.processes import supervisor as module
from seedbed.cli.stack.processes.child import Program
from seedbed.cli.stack.processes.process_list import ProcessList
from seedbed.cli.stack.processes.supervisor import StartError, Supervisor


@pytest.fixture(autouse=True)
def impatience(monkeypatch):
    monkeypatch.setattr(module, "_FIRST_PAUSE", 0.05)


@pytest.fixture
def said():
    return []


@pytest.fixture
async def keep(tmp_path, said):
    keepers = []

    async def start(*argv):
        program = Program(name="judge", argv=argv, env={"PATH": "/usr/bin:/bin"})
        processes = ProcessList(tmp_path / "processes.json")
        keeper = Supervisor(program, tmp_path / "judge.log", processes, said.append)
        keepers.append(keeper)
        await keeper.start()
        return keeper, processes

    yield start
    for keeper in keepers:
        await keeper.stop(1)


async def forever():
    await asyncio.Event().wait()


async def at_once():
    await asyncio.sleep(0)


async def test_what_ends_is_started_again_and_noted(keep, said):
    keeper, processes = await keep("sleep", "60")
    await keeper.ready(at_once(), 5)
    (first,) = processes
    psutil.Process(first.pid).kill()
    async with asyncio.timeout(10):
        while [row.pid for row in processes] == [first.pid]:  # noqa: ASYNC110  a file has no event
            await asyncio.sleep(0.02)
    assert said == ["judge ended (signal SIGKILL); it starts again in 0.05 s"]


async def test_what_never_comes_up_is_given_up_with_its_last_words(keep):
    keeper, _ = await keep("sh", "-c", "echo no such setting; exit 2")
    with pytest.raises(StartError, match=r"judge ended 3 times .*exit status 2") as caught:
        await keeper.ready(forever(), 10)
    assert "no such setting" in caught.value.message
    assert "judge.log" in caught.value.hint


async def test_what_never_answers_is_given_up(keep):
    keeper, _ = await keep("sleep", "60")
    with pytest.raises(StartError, match="does not answer"):
        await keeper.ready(forever(), 0.1)


async def test_once_it_was_ready_it_is_never_given_up(keep, said):
    keeper, _ = await keep("sh", "-c", "sleep 0.05; exit 1")
    await keeper.ready(at_once(), 5)
    async with asyncio.timeout(10):
        while len(said) < 4:  # noqa: ASYNC110  a list has no event
            await asyncio.sleep(0.02)
    await keeper.ready(at_once(), 5)
