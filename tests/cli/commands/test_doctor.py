import json
import shutil

import psutil
import pytest

from seedbed.cli.commands import doctor
from seedbed.cli.commands.doctor import Health
from seedbed.cli.reach.endpoints import Wanted
from seedbed.cli.render.screen import Screen


def test_an_old_python_is_bad():
    assert doctor.check_python((3, 10, 1)).health == Health.BAD
    assert doctor.check_python().health == Health.GOOD


def test_missing_packages_are_named_with_the_extra_that_brings_them():
    checks = doctor.check_packages(lambda name: None if name == "pyarrow" else name)
    (bad,) = [check for check in checks if check.health == Health.BAD]
    assert bad.found == "missing: pyarrow"
    assert bad.advice == "pip install 'seedbed[dataset]'"


def test_all_that_the_tests_run_with_is_there():
    assert {check.health for check in doctor.check_packages()} == {Health.GOOD}
    assert doctor.check_broker().health == Health.GOOD
    assert doctor.check_git().health == Health.GOOD


def test_versions_are_read():
    assert doctor._read_version("nats-server: v2.15.1") == (2, 15, 1)
    assert doctor._read_version("nats-server: v2.9.10-beta.1") == (2, 9, 10)
    assert doctor._read_version("") == ()


def test_a_state_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    (check,) = doctor.check_state(tmp_path / "file" / "state")
    assert check.health == Health.BAD


def test_little_room_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: psutil.disk_usage("/")._replace(free=5))
    assert Health.POOR in {check.health for check in doctor.check_state(tmp_path)}
    assert not (tmp_path / ".seedbed").exists()


async def test_nothing_at_a_server_and_no_teacher_there(tmp_path, capsys, monkeypatch):
    for name in ("SEEDBED_TEACHER_URL", "SEEDBED_TEACHER_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(doctor, "wait_serving", never)
    wanted = Wanted(teacher="http://127.0.0.1:9/v1", model="m")
    assert await doctor.examine(tmp_path, wanted, "127.0.0.1:9", 1, Screen(machine=True)) == 1
    rows = {row["name"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["server"]["health"] == "bad"
    assert rows["teacher"]["health"] == "bad"
    assert "cannot be reached" in rows["teacher"]["found"]


async def never(*_: object):
    raise TimeoutError


@pytest.mark.parametrize("teacher", ["", "rehearsal"])
async def test_no_model_is_poor_but_not_bad(tmp_path, teacher):
    wanted = Wanted(teacher=teacher)
    (check,) = await doctor.check_endpoints(wanted, 1)
    assert check.health == Health.POOR
