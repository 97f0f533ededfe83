"""Where git keeps its mirrors, and the real taxonomy where it is there."""

import subprocess
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SUMMIT = "https://github.com/juliadenham/Summit_knowledge"


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch):
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def real_taxonomy(tmp_path_factory):
    """A clone of the public taxonomy."""
    bundle = DATA / "taxonomy.bundle"
    if not bundle.exists():
        pytest.skip(f"the real taxonomy is not on this machine: no {bundle}")
    folder = tmp_path_factory.mktemp("real") / "taxonomy"
    subprocess.run(["git", "clone", "--quiet", bundle, folder], check=True, capture_output=True)
    return folder


@pytest.fixture
def real_documents(monkeypatch):
    """Its documents, by git's own redirection. Longer addresses come first for git."""
    bundle = DATA / "summit_knowledge.bundle"
    if not bundle.exists():
        pytest.skip(f"the real documents are not on this machine: no {bundle}")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    for number, address in enumerate((f"{SUMMIT}.git", SUMMIT)):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", f"url.{bundle}.insteadOf")
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", address)
