"""What a person gives the command in confidence is found nowhere: not in what it writes, nor in its name."""

import asyncio

import psutil
import pytest

from tests.cli.stage import ONE_LEAF, TAXONOMY, finish, open_teacher, stack_of, start

SECRETS = {"MY_KEY": "marked-key-08d2", "MY_JUDGE_KEY": "marked-judge-key-77aa"}
TOKEN = "marked-token-1be9"


@pytest.mark.slow
@pytest.mark.timeout(150)
async def test_no_secret_is_written_down_or_shown(tmp_path):
    async with open_teacher(0.05) as teacher:
        process = await start(
            "generate",
            TAXONOMY,
            *ONE_LEAF,
            *("--teacher", teacher.url, "--model", "rehearsal", "--api-key-env", "MY_KEY"),
            *("--judge", teacher.url, "--judge-model", "rehearsal", "--judge-api-key-env", "MY_JUDGE_KEY"),
            *("--target", 3, "--state", tmp_path / "state", "--out", tmp_path / "out"),
            **SECRETS,
            SEEDBED_API_TOKEN=TOKEN,
            SEEDBED_LOG_LEVEL="debug",
        )
        ending = asyncio.ensure_future(finish(process))
        await teacher.reach(4)
        stack = stack_of(process)
        shown = [word for each in (*stack.values(), psutil.Process(process.pid)) for word in each.cmdline()]
        # Who does not ask the teacher does not know its key.
        runs = stack["runs"].environ()
        ended = await ending
    assert ended.code == 0, ended.err
    assert {"runs", "judge", "knowledge", "nats-server"} <= set(stack)
    secrets = [*SECRETS.values(), TOKEN]
    assert [secret for secret in secrets if secret in " ".join(shown)] == []
    assert [secret for secret in SECRETS.values() if secret in "".join(runs.values())] == []
    assert [secret for secret in secrets if secret in ended.out + ended.err] == []
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"nats.conf", "judge.log"} <= {path.name for path in written}
    for path in written:
        assert [secret for secret in secrets if secret.encode() in path.read_bytes()] == [], path
