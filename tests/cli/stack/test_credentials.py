import os
import stat

import pytest

from seedbed.cli.stack.credentials import keep_token, make_secret, read_token
from seedbed.cli.stack.processes.child import Child, Program
from seedbed.cli.stack.state import StateFolder
from seedbed.kernel.errors import InputError


@pytest.fixture(autouse=True)
def _open_to_all():
    """As a careless user's shell has it."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_token_is_made_once_and_for_its_owner_alone(tmp_path):
    path = tmp_path / "api_token"
    assert read_token(path) == ""
    token = keep_token(path)
    assert len(token) >= 32
    assert (mode(path), read_token(path), keep_token(path)) == (0o600, token, token)
    assert [each.name for each in tmp_path.iterdir()] == ["api_token"]


def test_no_two_are_alike():
    assert len({make_secret() for _ in range(100)}) == 100


@pytest.mark.parametrize("loose", [0o644, 0o640, 0o606])
def test_a_token_that_others_may_have_read_is_made_anew(tmp_path, loose):
    path = tmp_path / "api_token"
    token = keep_token(path)
    path.chmod(loose)
    assert keep_token(path) != token
    assert mode(path) == 0o600


def test_a_token_is_made_anew_where_the_file_holds_none(tmp_path):
    path = tmp_path / "api_token"
    path.touch(0o600)
    assert keep_token(path) == read_token(path) != ""


def test_a_link_in_the_tokens_place_leads_nowhere(tmp_path):
    path, elsewhere = tmp_path / "api_token", tmp_path / "elsewhere"
    elsewhere.write_text("known to others\n")
    elsewhere.chmod(0o600)
    path.symlink_to(elsewhere)
    assert read_token(path) == ""
    assert keep_token(path) != "known to others"
    assert not path.is_symlink()
    assert elsewhere.read_text() == "known to others\n"


def test_a_half_made_token_is_no_obstacle(tmp_path):
    (tmp_path / ".api_token.part").write_text("half")
    assert keep_token(tmp_path / "api_token") != "half"


def test_a_state_folder_is_for_its_owner_alone(tmp_path):
    state = StateFolder(tmp_path / "new")
    state.prepare()
    folders = [path for path in (state.root, *state.root.iterdir()) if path.is_dir()]
    assert {path.name for path in folders} >= {"new", "cache", "jetstream", "logs", "store", "telemetry"}
    assert {path.name: mode(path) for path in folders} == {path.name: 0o700 for path in folders}


def test_one_from_before_is_closed(tmp_path):
    state = StateFolder(tmp_path / "old")
    for folder in (state.root, state.store, state.root / "logs"):
        folder.mkdir(mode=0o777)
    state.prepare()
    assert [mode(folder) for folder in (state.root, state.store, state.root / "logs")] == [0o700] * 3


def test_a_folder_that_is_for_all_stays_so_and_what_is_in_it_is_closed(tmp_path):
    state = StateFolder(tmp_path / "shared")
    state.root.mkdir()
    state.root.chmod(0o1777)
    state.prepare()
    assert mode(state.root) == 0o1777
    assert [mode(folder) for folder in (state.store, state.jetstream)] == [0o700] * 2


async def test_logs_are_for_their_owner_alone(tmp_path):
    for log in (tmp_path / "new.log", tmp_path / "old.log"):
        if log.name == "old.log":
            log.write_text("before\n")
            log.chmod(0o666)
        child = await Child.start(Program(name="x", argv=("echo", "now"), env={"PATH": os.defpath}), log)
        await child.wait()
        assert (mode(log), log.read_text().splitlines()[-1]) == (0o600, "now")


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user")
def test_another_users_state_folder_is_said_to_be_closed(tmp_path):
    state = StateFolder(tmp_path / "state")
    state.prepare()
    for folder in (tmp_path, *tmp_path.parents):
        if "pytest" in folder.as_posix():
            folder.chmod(0o755)
    read, write = os.pipe()
    if not os.fork():
        os.setgroups([])
        os.setuid(65534)
        try:
            os.write(write, str(state.exists).encode())
        except InputError as refused:
            os.write(write, refused.message.encode())
        os._exit(0)
    os.close(write)
    os.wait()
    with os.fdopen(read) as said:
        assert said.read() == f"the state folder {state.root} is closed to you"
