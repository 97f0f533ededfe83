"""What trainings in the tests begin from."""

from pathlib import Path

import pytest

from tests.trainer.students import write_rows, write_tiny


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a `dataset` and a tiny `model`."""
    root = tmp_path_factory.mktemp("place")
    write_rows(root / "dataset")
    write_tiny(root / "model")
    return root
