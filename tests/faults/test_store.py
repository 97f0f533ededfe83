"""A store that is away, full or erring for a while: the run waits, says so, and goes on."""

import contextlib
import resource
import time

import psutil
import pytest

from tests.faults.stage import SERVICES, wait_for

TROUBLED = 6.0


@contextlib.contextmanager
def unmounted(run):
    """The store's folder is gone, and nothing can be made in its place."""
    store, aside = run.state / "store", run.state / "store.aside"
    store.rename(aside)
    store.write_text("not a folder\n")
    yield
    store.unlink()
    aside.rename(store)


@contextlib.contextmanager
def full(run):
    """No file of any service can grow, its log included."""
    processes = [process for name in SERVICES if (process := run.process(name))]
    limits = [process.rlimit(psutil.RLIMIT_FSIZE) for process in processes]
    for process in processes:
        process.rlimit(psutil.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    yield
    for process, limit in zip(processes, limits, strict=True):
        process.rlimit(psutil.RLIMIT_FSIZE, limit)


@pytest.mark.parametrize(("trouble", "part"), [(unmounted, 0.02), (full, 0.6)], ids=["away", "full"])
def test_the_run_waits_for_its_store(begin, undisturbed, trouble, part):
    run = begin()
    run.reach(int(undisturbed.asked * part))
    with trouble(run):
        wait_for(lambda: "paused: cannot " in run.said, "the run says what it waits for", 20)
        time.sleep(TROUBLED)
        assert not run.ended
    undisturbed.compare(run, repeats=0)
    assert "going on" in run.said.partition("paused: ")[2]
