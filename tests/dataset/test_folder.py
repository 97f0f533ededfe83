import fcntl
import os
import signal
import subprocess
import sys

import pytest

from seedbed.dataset import read_manifest, verify_files, write_dataset
from seedbed.dataset.folder import DamagedDataset, replacing
from seedbed.kernel.errors import InputError, StoreError
from tests.dataset.leaves import HAIKU, make_leaf, make_plan


@pytest.fixture
def dataset(tmp_path):
    leaf = make_leaf(HAIKU)
    write_dataset(tmp_path / "out", make_plan([leaf]), [leaf])
    return tmp_path / "out"


def beside(folder):
    return sorted(path.name for path in folder.parent.iterdir())


def finish(work, text="{}"):
    (work / "manifest.json").write_text(text)


def test_files_are_checked_against_the_manifest(dataset):
    assert verify_files(dataset) == read_manifest(dataset)
    with (dataset / "samples.parquet").open("ab") as file:
        file.write(b"x")
    with pytest.raises(DamagedDataset, match=r"samples\.parquet is not the file"):
        verify_files(dataset)
    (dataset / "samples.parquet").unlink()
    with pytest.raises(DamagedDataset, match=r"samples\.parquet is missing"):
        verify_files(dataset)


def test_a_folder_without_a_dataset_is_named(tmp_path):
    with pytest.raises(InputError, match="holds no dataset"):
        read_manifest(tmp_path / "nowhere")
    (tmp_path / "manifest.json").write_text('{"format": "other/9"}')
    with pytest.raises(InputError, match=r"manifest\.json is not a manifest of format seedbed\.dataset/1"):
        read_manifest(tmp_path)
    (tmp_path / "manifest.json").write_text("[")
    with pytest.raises(InputError, match="is not a manifest"):
        read_manifest(tmp_path)


def test_foreign_files_are_refused_and_left_alone(tmp_path, dataset):
    (dataset / "thesis.tex").write_text("ten years of work")
    with pytest.raises(InputError, match=r"holds other files: thesis\.tex"), replacing(dataset):
        pass
    assert (dataset / "thesis.tex").read_text() == "ten years of work"
    other = tmp_path / "other"
    other.mkdir()
    (other / "README.md").write_text("mine")
    with pytest.raises(InputError, match="no dataset of ours"), replacing(other):
        pass
    with pytest.raises(InputError, match="is a file"), replacing(other / "README.md"):
        pass


def test_a_foreign_file_that_comes_while_writing_is_left_alone(dataset):
    before = read_manifest(dataset)

    def write():
        with replacing(dataset) as work:
            finish(work)
            (dataset / "note").write_text("mine")

    with pytest.raises(InputError, match="note"):
        write()
    assert (dataset / "note").exists()
    assert read_manifest(dataset) == before
    assert beside(dataset) == ["out"]


def test_a_dataset_of_another_version_may_be_replaced(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json").write_text('{"format": "seedbed.dataset/0"}')
    with replacing(tmp_path / "out") as work:
        finish(work, "new")
    assert (tmp_path / "out" / "manifest.json").read_text() == "new"


def test_a_killed_writer_leaves_the_old_dataset_and_is_tidied_up_after(dataset):
    before = {path.name: path.read_bytes() for path in dataset.iterdir()}
    script = (
        "import os, pathlib, signal, sys\n"
        "from seedbed.dataset.folder import replacing\n"
        "with replacing(pathlib.Path(sys.argv[1])) as work:\n"
        "    (work / 'manifest.json').write_text('{}')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", script, dataset], check=False).returncode == -signal.SIGKILL
    assert len(beside(dataset)) == 2
    assert {path.name: path.read_bytes() for path in dataset.iterdir()} == before
    with replacing(dataset):
        pass
    assert beside(dataset) == ["out"]


def test_an_empty_folder_and_none_at_all_will_do(tmp_path):
    for folder in (tmp_path / "empty", tmp_path / "a" / "b"):
        if folder.name == "empty":
            folder.mkdir()
        with replacing(folder) as work:
            finish(work)
        assert (folder / "manifest.json").exists()


def test_a_block_that_fails_or_leaves_no_manifest_changes_nothing(dataset):
    before = (dataset / "manifest.json").read_bytes()
    with replacing(dataset) as work:
        (work / "README.md").write_text("half")

    def interrupt():
        with replacing(dataset) as work:
            finish(work)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert (dataset / "manifest.json").read_bytes() == before
    assert beside(dataset) == ["out"]


def test_what_a_dead_writer_left_is_cleared_and_what_a_live_one_holds_is_not(dataset):
    dead = dataset.parent / ".out.partial-dead"
    live = dataset.parent / ".out.partial-live"
    other = dataset.parent / ".out2.partial-dead"
    for folder in (dead, live, other):
        folder.mkdir()
        (folder / "samples.parquet").write_text("half")
    held = os.open(live, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with replacing(dataset):
        assert not dead.exists()
        assert live.exists()
        assert other.exists()
    os.close(held)


def test_a_writer_killed_between_the_two_renames_loses_nothing(dataset):
    before = (dataset / "manifest.json").read_bytes()
    dataset.rename(dataset.parent / ".out.replaced-1")
    with replacing(dataset):
        assert (dataset / "manifest.json").read_bytes() == before
    (dataset.parent / ".out.replaced-2").mkdir()
    with replacing(dataset):
        assert not (dataset.parent / ".out.replaced-2").exists()
    assert (dataset / "manifest.json").read_bytes() == before


def test_the_folder_has_the_usual_rights(dataset, tmp_path):
    usual = tmp_path / "usual"
    usual.mkdir()
    assert dataset.stat().st_mode == usual.stat().st_mode


def test_a_disk_that_refuses_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write the dataset"), replacing(tmp_path / "file" / "out"):
        pass
