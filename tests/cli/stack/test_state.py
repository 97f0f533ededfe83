import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from seedbed import __version__
from seedbed.cli.stack import state as module
from seedbed.cli.stack.processes.process_list import Started
from seedbed.cli.stack.state import StateFolder
from seedbed.kernel.errors import Conflict, InputError, NewerFormat
from seedbed.kernel.formats.format_numbers import Format
from seedbed.kernel.store.connect import open_store
from seedbed.kernel.store.folder import FolderStore
from tests.cli.output import first_line

HOLD = """
import sys, time
from pathlib import Path
from seedbed.cli.stack.state import StateFolder
with StateFolder(Path(sys.argv[1])).hold("generate"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def state(tmp_path):
    return StateFolder(tmp_path / "state")


@pytest.fixture
def holder(state):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(state.root)], stdout=subprocess.PIPE)
    with process:
        assert first_line(process) == b"held\n"
        yield process
        process.kill()


def test_a_held_folder_is_refused_and_the_holder_named(state, holder):
    with (
        pytest.raises(Conflict, match=rf"held by `seedbed generate`, process {holder.pid}"),
        state.hold("up"),
    ):
        pass


def test_the_lock_ends_with_its_holder(state, holder):
    holder.kill()
    holder.wait()
    with state.hold("up") as ended:
        assert ended == []


def test_what_a_dead_holder_left_behind_is_ended(state):
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as sleeper:
        state.prepare()
        state.processes.add(Started.of("judge", sleeper.pid))
        with state.hold("up") as ended:
            assert ended == ["judge"]
        assert not psutil.pid_exists(sleeper.pid)


def test_a_stack_is_live_only_while_its_holder_is(state):
    with state.hold("up"):
        ports = state.choose_ports(["runs", "judge"])
        state.processes.add(Started("runs", 1, 0.0))
        assert state.live_ports() == {"runs": ports["runs"]}
    assert state.live_ports() == {}


def test_ports_of_others_are_kept(state):
    state.prepare()
    all_of_them = state.choose_ports(["nats-server", "runs", "judge"])
    few = state.choose_ports(["nats-server", "runs"])
    assert few == {name: all_of_them[name] for name in few}
    assert state.choose_ports(["judge"])["judge"] == all_of_them["judge"]


def test_a_file_is_no_state_folder(tmp_path):
    (tmp_path / "state").write_text("")
    with pytest.raises(InputError, match="cannot be used"), StateFolder(tmp_path / "state").hold("up"):
        pass


def test_the_folder_keeps_itself_out_of_git(state):
    state.prepare()
    assert (state.root / ".gitignore").read_text() == "*\n"


def test_a_look_is_waited_for_and_is_no_stack(state):
    code = HOLD.replace('"generate"', '"for a look"').replace("sleep(60)", "sleep(1)")
    with subprocess.Popen([sys.executable, "-c", code, str(state.root)], stdout=subprocess.PIPE) as look:
        assert first_line(look) == b"held\n"
        state.processes.add(Started("runs", 1, 0.0))
        state.choose_ports(["runs"])
        assert state.live_ports() == {}
        with state.hold("up"):
            assert look.wait(1) == 0


async def test_a_folder_named_from_below_is_the_one_it_is(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    state = StateFolder(Path("../elsewhere/../state"))
    state.prepare()
    assert state.root == tmp_path / "state"
    store = await open_store(state.store.as_uri())
    await store.put("key", b"value")
    assert (tmp_path / "state/store/key").read_bytes() == b"value"
    assert await FolderStore(Path("../state/store")).get("key") == b"value"


def test_a_folder_without_a_number_is_marked_when_it_is_held(state):
    state.prepare()
    state.choose_ports(["runs"])
    assert state.exists
    assert not (state.root / "format.json").exists()
    with state.hold("up"):
        assert json.loads((state.root / "format.json").read_text()) == {"format": 1, "seedbed": __version__}


def test_a_folder_of_a_later_version_is_refused_and_nothing_in_it_is_touched(state):
    state.root.mkdir()
    (state.root / "format.json").write_text('{"format": 2, "seedbed": "9.0.0"}')
    with (
        pytest.raises(NewerFormat, match=f"the state folder {state.root} has format 2") as caught,
        state.hold("up"),
    ):
        pass
    assert "install Seedbed 9.0.0 or a later one" in caught.value.hint
    with pytest.raises(NewerFormat):
        assert state.exists
    assert [path.name for path in state.root.iterdir()] == ["format.json"]


def test_an_older_folder_is_migrated_while_it_is_held_and_one_cut_off_on_the_way_again(state, monkeypatch):
    moved = []

    def move(folder):
        moved.append(folder.root)
        if len(moved) == 1:
            raise OSError("cut off")

    with state.hold("up"):
        pass
    monkeypatch.setattr(module, "STATE", Format("state folder", ("as it was", "as it is")))
    monkeypatch.setattr(module, "MIGRATIONS", {1: move})
    with pytest.raises(OSError, match="cut off"), state.hold("up"):
        pass
    assert json.loads((state.root / "format.json").read_text())["format"] == 1
    for _ in range(2):
        with state.hold("up"):
            assert json.loads((state.root / "format.json").read_text())["format"] == 2
    assert moved == [state.root] * 2
