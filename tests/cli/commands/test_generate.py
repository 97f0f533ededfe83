"""The whole stack, as a person starts it: separate processes, a real nats-server, the rehearsal teacher."""

import asyncio
import hashlib
import signal

import pytest

from tests.cli.stage import ONE_LEAF, TAXONOMY, finish, gone, open_teacher, seedbed, stack_of, start

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

EVERYONE = {"nats-server", "taxonomy", "runs", "knowledge", "skills", "judge"}


@pytest.fixture
def command(tmp_path):
    def make(*more, out="dataset"):
        places = ("--state", tmp_path / "state", "--out", tmp_path / out)
        return ("generate", TAXONOMY, *places, "--json", *more)

    return make


def digest(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


async def test_a_taxonomy_becomes_a_dataset_and_again_costs_nothing(command, tmp_path):
    first = await seedbed(*command("--teacher", "rehearsal", "--target", 4))
    assert first.code == 0, first.err
    assert "rehearsal teacher: it answers by rules" in first.err
    assert len(first.object["leaves"]) == first.err.count("4 of 4 samples")
    assert {leaf["accepted"] for leaf in first.object["leaves"]} == {4}
    assert first.object["state"] == "succeeded"
    assert first.object["teacher_calls"] > 0
    assert first.object["tokens"]["prompt"] > first.object["tokens"]["completion"] > 0
    for name in ("knowledge_train_msgs.jsonl", "skills_train_msgs.jsonl", "samples.parquet", "manifest.json"):
        assert (tmp_path / "dataset" / name).stat().st_size > 0

    second = await seedbed(*command("--teacher", "rehearsal", "--target", 4, out="again"))
    assert second.code == 0, second.err
    assert second.object["run"] == first.object["run"]
    assert second.object["teacher_calls"] == 0
    assert second.object["tokens"] == {"prompt": 0, "completion": 0}
    assert digest(tmp_path / "again") == digest(tmp_path / "dataset")


async def test_killed_half_way_it_leaves_nobody_behind_and_goes_on(command, tmp_path):
    async with open_teacher(0.1) as teacher:
        arguments = command(
            "--teacher", teacher.url, "--model", "rehearsal", "--target", 12, "--concurrency", 4, *ONE_LEAF
        )
        whole = await seedbed(
            *arguments[:2], "--state", tmp_path / "other", "--out", tmp_path / "o", *arguments[6:]
        )
        assert whole.code == 0, whole.err
        clean, teacher.asked = teacher.asked, 0

        process = await start(*arguments)
        await teacher.reach(10)
        stack = stack_of(process)
        assert set(stack) == EVERYONE
        process.kill()
        await process.communicate()
        assert await gone(list(stack.values()))

        ended = await finish(await start(*arguments))
        assert ended.code == 0, ended.err
        assert digest(tmp_path / "dataset") == digest(tmp_path / "o")
        # Four in flight when it was killed, and each start looks at the endpoint once.
        assert teacher.asked <= clean + 4 + 1


async def test_ctrl_c_stops_all_in_order_and_says_how_to_go_on(command, tmp_path):
    async with open_teacher(0.3) as teacher:
        arguments = command("--teacher", teacher.url, "--model", "rehearsal", "--target", 30, *ONE_LEAF)
        process = await start(*arguments)
        await teacher.reach(5)
        stack = stack_of(process)
        process.send_signal(signal.SIGINT)
        ended = await finish(process)
    assert ended.code == 130
    assert "interrupted; the same command goes on where it was" in ended.err
    assert "killed" not in ended.err
    assert ended.object["error"] == "interrupted"
    assert ended.object["state"] == "running"
    assert await gone(list(stack.values()), 0)
    assert not (tmp_path / "dataset").exists()


@pytest.mark.parametrize("victim", ["judge", "runs", "nats-server"])
async def test_who_dies_on_the_way_is_started_again(command, victim):
    async with open_teacher(0.1) as teacher:
        arguments = command("--teacher", teacher.url, "--model", "rehearsal", "--target", 12, *ONE_LEAF)
        process = await start(*arguments)
        await teacher.reach(10)
        stack_of(process)[victim].kill()
        ended = await finish(process)
    assert ended.code == 0, ended.err
    assert f"{victim} ended (signal SIGKILL); it starts again" in ended.err
    assert ended.object["samples"] == 12


async def test_a_teacher_that_goes_away_pauses_the_run(command):
    async with open_teacher(0.1) as teacher:
        arguments = command("--teacher", teacher.url, "--model", "rehearsal", "--target", 200, *ONE_LEAF)
        process = await start(*arguments)
        await teacher.reach(10)
        url = teacher.url
    assert process.stderr is not None
    async with asyncio.timeout(60):
        told = ""
        while "paused: " not in told:
            told = (await process.stderr.readline()).decode()
            assert told, "it ended without a word of the pause"
    assert url.removeprefix("http://").split("/")[0] in told
    process.send_signal(signal.SIGINT)
    assert (await finish(process)).code == 130
