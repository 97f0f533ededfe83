"""What looks at a stack: one that is up, and one that is brought up for the moment."""

import asyncio
import json
import signal
from pathlib import Path

import pytest

from seedbed.cli.stack.state import StateFolder
from tests.cli.stage import ONE_LEAF, TAXONOMY, finish, gone, open_teacher, seedbed, stack_of, start

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("commands")]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A finished run: its state folder and its name."""
    root = tmp_path_factory.mktemp("made")
    places = ("--state", root / "state", "--out", root / "dataset")
    ended = asyncio.run(
        seedbed("generate", TAXONOMY, *places, "--teacher", "rehearsal", "--target", 3, "--json")
    )
    assert ended.code == 0, ended.err
    return root, ended.object["run"]


def lines(ended):
    assert ended.code == 0, ended.err
    return [json.loads(line) for line in ended.out.splitlines()]


async def test_runs_are_listed_and_shown_for_the_moment(made):
    root, run = made
    (row,) = lines(await seedbed("runs", "list", "--state", root / "state", "--json"))
    assert (row["run"], row["state"], row["samples"]) == (run, "succeeded", 18)
    shown = await seedbed("runs", "show", run, "--state", root / "state")
    assert shown.code == 0
    assert "knowledge/arts/architecture/ondol" in shown.out
    assert not StateFolder(root / "state").live_ports()


async def test_a_finished_run_is_watched_to_its_end(made):
    root, run = made
    watched = await seedbed("runs", "watch", run, "--state", root / "state", "--json")
    assert watched.code == 0, watched.err
    assert watched.object["state"] == "succeeded"


async def test_samples_and_their_pedigree(made):
    root, run = made
    found = await seedbed("samples", run, "--state", root / "state", "--end", "accepted", "--json", *ONE_LEAF)
    samples = lines(found)
    assert len(samples) == 3
    for sample in samples:
        assert sample["path"] == "knowledge/arts/architecture/ondol"
    (traced,) = lines(await seedbed("trace", samples[0]["id"], "--state", root / "state", "--json"))
    assert traced["run"] == run
    assert traced["candidate"] == samples[0]
    assert [making["spec"]["step"] for making in traced["candidate"]["makings"]] == [
        "knowledge.generate",
        "judge.grounded",
    ]
    told = await seedbed("trace", samples[0]["id"], "--state", root / "state")
    assert samples[0]["question"] in told.out
    assert "faithful 1" in told.out


async def test_an_export_is_the_same_dataset(made, tmp_path):
    root, run = made
    ended = await seedbed("export", run, tmp_path / "export", "--state", root / "state")
    assert ended.code == 0, ended.err
    names = sorted(path.name for path in (root / "dataset").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "export").iterdir())
    for name in names:
        assert (tmp_path / "export" / name).read_bytes() == (root / "dataset" / name).read_bytes()


@pytest.mark.parametrize(
    "command",
    [
        ("runs", "show"),
        ("runs", "watch"),
        ("runs", "cancel"),
        ("samples",),
        ("dead", "list"),
        ("dead", "retry", "--all"),
        ("dead", "drop", "--all"),
        ("diff", "r0000000000000000"),
    ],
)
async def test_a_run_that_is_not_there(made, command):
    ended = await seedbed(*command, "r0000000000000000", "--state", made[0] / "state")
    assert ended.code == 2, ended.err
    assert "r0000000000000000" in ended.err
    assert "Traceback" not in ended.err


async def test_a_sample_that_is_not_there(made):
    ended = await seedbed("trace", "0" * 32, "--state", made[0] / "state")
    assert ended.code == 2, ended.err


async def test_no_dead_letters(made):
    ended = await seedbed("dead", "list", "--state", made[0] / "state")
    assert ended.code == 0, ended.err
    assert ended.out.strip() == "no dead letters"
    ended = await seedbed("dead", "show", "abc", "--state", made[0] / "state")
    assert ended.code == 2
    assert "no dead letter begins with 'abc'" in ended.err


async def test_a_state_folder_that_is_not_there(tmp_path):
    ended = await seedbed("runs", "list", "--state", tmp_path / "nothing")
    assert ended.code == 2
    assert "there is no state folder" in ended.err
    assert not (tmp_path / "nothing").exists()


async def test_a_server_that_is_not_there():
    ended = await seedbed("runs", "list", "--server", "127.0.0.1:9")
    assert ended.code == 1
    assert "nothing listens at 127.0.0.1:9" in ended.err


async def read_json(process):
    async with asyncio.timeout(60):
        return json.loads(await process.stdout.readline())


async def test_a_stack_that_is_up_is_found_and_holds_its_folder(made):
    root, run = made
    process = await start("up", "--teacher", "rehearsal", "--state", root / "state", "--json")
    addresses = (await read_json(process))["addresses"]
    stack = stack_of(process)
    assert set(stack) == set(addresses) - {"nats-monitor"}

    (row,) = lines(await seedbed("runs", "list", "--state", root / "state", "--json"))
    assert row["run"] == run
    (row,) = lines(await seedbed("runs", "list", "--server", addresses["runs"], "--json"))
    assert row["run"] == run

    refused = await seedbed("generate", TAXONOMY, "--teacher", "rehearsal", "--state", root / "state")
    assert refused.code == 1
    assert f"held by `seedbed up`, process {process.pid}" in refused.err
    assert Path("dataset").exists() is False or "dataset" not in refused.out

    process.send_signal(signal.SIGTERM)
    assert (await finish(process)).code == 130
    assert await gone(list(stack.values()), 0)


async def test_a_run_is_looked_at_and_cancelled_while_it_goes_on(tmp_path):
    # Of some 800 calls 500 are verdicts: by the 600th there are samples, and the run has not ended.
    async with open_teacher(0.2, most=600) as teacher:
        state = ("--state", tmp_path / "state")
        endpoint = ("--teacher", teacher.url, "--model", "rehearsal")
        out = tmp_path / "dataset"
        process = await start("generate", TAXONOMY, *endpoint, *state, "--out", out, "--target", 40, "--json")
        await teacher.reach(60)
        (row,) = lines(await seedbed("runs", "list", *state, "--json"))
        run = row["run"]
        assert row["state"] == "running"
        following = await start("samples", run, "--follow", *state, "--json")
        first = await read_json(following)
        assert first["question"]

        partial = await seedbed("export", run, tmp_path / "partial", *state, "--json")
        assert lines(partial)[-1]["partial"] is True

        assert (await seedbed("runs", "cancel", run, *state)).code == 0
        ended = await finish(process)
        assert (await finish(following)).code == 0
    assert ended.code == 1, ended.err
    assert ended.object["state"] == "cancelled"
