"""Folders that attempts work in: gone with the attempt, or with the next one where its trainer was killed."""

import contextlib
import shutil
import subprocess
import sys

import pytest

from seedbed.kernel.errors import StoreError
from seedbed.trainer.loop.job import Outcome, read_outcome, reserve_space, write_outcome
from seedbed.trainer.service.workdir import WorkDir


def test_what_the_dead_left_is_removed_and_what_is_at_work_is_not(tmp_path):
    living, dead, new = (WorkDir(tmp_path, name) for name in ("living", "dead", "new"))
    living.begin()
    dead.begin()
    (dead.folder / "weights").write_text("many")
    assert dead._lock is not None
    dead._lock.close()
    new.begin()
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == ["living", "new"]
    living.end()
    new.end()
    assert list((tmp_path / "work").iterdir()) == []


def test_begun_anew_it_is_empty(tmp_path):
    place = WorkDir(tmp_path, "one")
    place.begin()
    (place.folder / "metrics.jsonl").write_text("{}\n{}\n{half")
    assert place.read_metrics() == ["{}", "{}"]
    place.begin()
    assert place.read_metrics() == []
    assert place.snapshots() == []
    place.end()


def test_where_nothing_can_be_made_it_says_so_and_what_to_do(tmp_path):
    (tmp_path / "work").write_text("not a folder")
    with pytest.raises(StoreError, match="cannot work in") as refused:
        WorkDir(tmp_path, "one").begin()
    assert "SEEDBED_CACHE_FOLDER" in refused.value.hint


@pytest.fixture
def full_disk(tmp_path):
    """A file system that is filled by what its test leaves room for; making one takes root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("not permitted to mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_on_a_full_disk_the_answer_still_has_its_room(full_disk):
    reserve_space(full_disk)
    with (full_disk / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    assert shutil.disk_usage(full_disk).free == 0
    write_outcome(full_disk, Outcome(end="failed", error="no room"))
    assert read_outcome(full_disk) == Outcome(end="failed", error="no room")
