"""Whether a dataset can be written is found out before its run, whoever runs it."""

import os
from pathlib import Path

import pytest

from seedbed.cli.commands.export import check_target
from seedbed.kernel.errors import InputError


def test_nothing_is_left_of_the_trial(tmp_path):
    check_target(tmp_path / "new" / "deeper" / "out")
    (tmp_path / "out").mkdir()
    check_target(tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("file/out", "Not a directory"),
        ("file/deeper/out", "Not a directory"),
        ("link/out", "Not a directory|File exists|No such file"),
        ("loop/out", "loop|Too many levels"),
        ("x" * 300 + "/out", "File name too long"),
        ("n" * 250, "File name too long"),
        pytest.param(
            "/proc/nowhere/out",
            "No such file",
            marks=pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc"),
        ),
    ],
    ids=[
        "a file's",
        "below a file",
        "a link to a file",
        "a loop",
        "long",
        "long with its own",
        "not to be made",
    ],
)
def test_where_nothing_can_be_written_it_says_so(tmp_path, place, why):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match=f"the dataset cannot be written to .*({why})"):
        check_target(tmp_path / place)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_is_not_ours_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match="Permission denied"):
            check_target(tmp_path / "out")
    finally:
        tmp_path.chmod(0o700)
