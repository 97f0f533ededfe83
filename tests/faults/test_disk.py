"""A disk that fills up under the whole stack, broker included: the run waits until there is room again."""

import contextlib
import subprocess
import sys
import time

import pytest

from tests.faults.stage import AT_ONCE, Run

SIZE = 96
FULL = 8.0


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own; making one takes root, and more than a container is given as a rule."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}m", "none", str(folder)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("not permitted to mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def filled(folder):
    """No room left at all."""
    filler = folder / "filler"
    deadline = time.monotonic() + FULL
    while time.monotonic() < deadline:
        # Again and again: what others free shall not be theirs either.
        with contextlib.suppress(OSError), filler.open("ab", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        time.sleep(0.05)
    yield
    filler.unlink()


def test_a_full_disk(small_disk, teacher, undisturbed):
    run = Run(small_disk, undisturbed.taxonomy, teacher, undisturbed.target).start()
    try:
        run.reach(undisturbed.asked // 3)
        with filled(small_disk):
            assert not run.ended
        undisturbed.compare(run, repeats=AT_ONCE)
    finally:
        run.stop()
    assert "nats-server cannot write" in run.said
