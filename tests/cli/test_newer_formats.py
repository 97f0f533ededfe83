"""What a later version wrote is refused in words, by every command and every service that opens it."""

import asyncio
import os
import subprocess
import sys

import pytest

from seedbed.cli.stack.broker.users import WORKERS
from seedbed.kernel.bus.streams import FORMATS
from tests.cli.stage import TAXONOMY, seedbed

LATER = '{"format": 2, "seedbed": "9.0.0"}'
INSTALL = "install Seedbed 9.0.0 or a later one (pip install --upgrade seedbed)"
SERVICES = ("taxonomy", "runs", "trainer", *(worker.name for worker in WORKERS))
COMMANDS = (
    ("generate", TAXONOMY, "--teacher", "rehearsal"),
    ("up", "--teacher", "rehearsal"),
    ("runs", "list"),
    ("trainings", "list"),
    ("samples", "r1"),
    ("report", "r1"),
    ("store", "verify"),
    ("store", "gc"),
    ("dead", "list"),
)


@pytest.mark.parametrize(
    "command", COMMANDS, ids=lambda command: "-".join(map(str, command[:2])).replace("/", "-")
)
async def test_a_command_refuses_a_state_folder(command, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    (state / "format.json").write_text(LATER)
    ended = await seedbed(*command, "--state", state)
    assert ended.code == 1, ended.err
    assert f"error: the state folder {state} has format 2" in ended.err
    assert INSTALL in ended.err
    assert [path.name for path in state.iterdir()] == ["format.json"]


@pytest.mark.slow
async def test_a_command_that_brings_a_stack_up_says_what_its_services_refuse(tmp_path):
    state = tmp_path / "state"
    (state / "store").mkdir(parents=True)
    (state / "store" / "format.json").write_text(LATER)
    ended = await seedbed(
        "generate", TAXONOMY, "--teacher", "rehearsal", "--state", state, "--out", tmp_path / "o"
    )
    assert ended.code == 1
    assert f"the store file://{state}/store has format 2" in ended.err
    assert INSTALL in ended.err


async def start(name, nats_url, store_url, cache):
    """Start a service; returns its exit status and what it said."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SEEDBED_")}
    environment |= {
        "SEEDBED_NATS_URL": nats_url,
        "SEEDBED_STORE_URL": store_url,
        "SEEDBED_CACHE_FOLDER": str(cache),
        "SEEDBED_TEACHER_URL": "http://127.0.0.1:9/v1",
        "SEEDBED_TEACHER_MODEL": "none",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"seedbed.{name}", env=environment, stderr=subprocess.PIPE
    )
    _, said = await process.communicate()
    return process.returncode, said.decode()


@pytest.mark.slow
@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_refuses_a_store_and_what_a_broker_keeps(
    name, bus, nats_url, file_store_url, tmp_path
):
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "format.json").write_text(LATER)
    code, said = await start(name, nats_url, file_store_url, tmp_path / "cache")
    assert code == 2, said
    assert f"{name}: the store {file_store_url} has format 2" in said
    assert f"{name}: {INSTALL}" in said

    (tmp_path / "store" / "format.json").unlink()
    kept = await bus.read(FORMATS, "bus")
    await bus.write(FORMATS, "bus", LATER.encode(), kept[1])
    code, said = await start(name, nats_url, file_store_url, tmp_path / "cache")
    assert code == 2, said
    assert f"{name}: what the broker keeps has format 2" in said
    assert f"{name}: {INSTALL}" in said
    assert not list((tmp_path / "store").iterdir())
