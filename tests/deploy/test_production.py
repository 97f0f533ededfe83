"""A small run through services that are locked as in production, and what can be found out around it."""

import asyncio

import pytest

from seedbed.bus.v1.bus_pb2 import RunState
from seedbed.cli.stack.broker.users import users
from tests.cli.stage import seedbed
from tests.deploy.production import API_KEY, TOKEN, Production, password
from tests.faults.leaves import write_leaves

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("production")]

SECRETS = [TOKEN, API_KEY, *(password(user.name) for user in users()), "PRIVATE KEY"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The stack, still up, and the run it has made."""
    production = Production(tmp_path_factory.mktemp("production"))
    taxonomy = write_leaves(production.folder / "taxonomy", knowledge=1)
    try:
        production.start()
        asyncio.run(production.ready())
        yield production, asyncio.run(production.make_run(taxonomy, 4))
    finally:
        production.stop()


def test_a_run_comes_to_its_end(made):
    production, run = made
    logs = "".join(path.read_text() for path in (production.folder / "logs").iterdir())
    assert run.state == RunState.RUN_STATE_SUCCEEDED, logs[-3000:]
    assert [leaf.counts.accepted for leaf in run.leaves] == [4, 4, 4]
    assert "ermissions" not in logs  # … violation, as the client hears of it


def test_no_secret_is_found_around_it(made):
    production, run = made
    found = [path for path in production.folder.rglob("*") if path.is_file()]
    looked = [path for path in found if production.folder / "secrets" not in path.parents]
    kinds = {path.relative_to(production.folder).parts[0] for path in looked}
    assert {"logs", "store", "nats", "dataset", "taxonomy"} <= kinds
    broker = b"".join(path.read_bytes() for path in looked if production.folder / "nats" in path.parents)
    assert run.name.encode() in broker  # what is in messages would be seen
    for path in looked:
        data = path.read_bytes()
        assert [secret for secret in SECRETS if secret.encode() in data] == [], path
    lines = production.command_lines()
    assert "seedbed.judge" in lines
    assert [secret for secret in SECRETS if secret in lines] == []


async def test_the_command_line_shows_what_it_is_told_to(made):
    production, run = made
    told = {name: value for name, value in production.environment().items() if name.startswith("SEEDBED_")}
    ended = await seedbed("runs", "list", "--server", production.where("runs"), "--json", **told)
    assert ended.code == 0, ended.err
    assert run.name in ended.out
    ended = await seedbed("dead", "list", "--server", production.where("runs"), **told)
    assert ended.code == 0, ended.err
    untold = {**told, "SEEDBED_API_TOKEN_FILE": "/dev/null"}
    ended = await seedbed("runs", "list", "--server", production.where("runs"), **untold)
    assert ended.code == 2
    assert "token" in ended.err
    assert "SEEDBED_API_TOKEN" in ended.err
