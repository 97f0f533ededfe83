"""What the fault tests share: a taxonomy, an undisturbed run to compare with, runs that end with the test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.leaves import write_leaves
from tests.faults.stage import Run, Teacher, Undisturbed, open_teacher, run_undisturbed

TARGET = 30


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker runs them all, so that there is one undisturbed run and the machine is not fought over."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(900))
            if "s3_url" not in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group("faults"))


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """What comes of it when nothing happens."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return run_undisturbed(folder, write_leaves(folder / "taxonomy"), TARGET)


@pytest.fixture
def teacher(tmp_path: Path) -> Iterator[Teacher]:
    """A teacher of the test's own."""
    with open_teacher(tmp_path) as opened:
        yield opened


@pytest.fixture
def begin(tmp_path: Path, undisturbed: Undisturbed, teacher: Teacher) -> Iterator[Callable[..., Run]]:
    """Starts the undisturbed run's like."""
    runs = []

    def start(**environment: str) -> Run:
        run = Run(tmp_path / "run", undisturbed.taxonomy, teacher, undisturbed.target, environment)
        runs.append(run)
        return run.start()

    yield start
    for run in runs:
        run.stop()
