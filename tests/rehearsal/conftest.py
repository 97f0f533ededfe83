"""Real input, where the shared data is at hand."""

import os
import subprocess
from pathlib import Path

import pytest

DATA = Path(os.environ.get("SEEDBED_TEST_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


def _clone(bundle: str, factory: pytest.TempPathFactory) -> Path:
    if not (DATA / bundle).exists():
        pytest.skip(f"no {bundle} in {DATA}: the test reads real input")
    folder = factory.mktemp("upstream") / bundle.removesuffix(".bundle")
    subprocess.run(["git", "clone", "-q", DATA / bundle, folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def upstream_taxonomy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _clone("taxonomy.bundle", tmp_path_factory)


@pytest.fixture(scope="session")
def upstream_documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _clone("summit_knowledge.bundle", tmp_path_factory)
