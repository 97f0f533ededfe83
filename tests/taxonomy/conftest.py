"""Where git keeps its mirrors, and where the documents of the real taxonomy are."""

from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[1] / "data"
SUMMIT = "https://github.com/juliadenham/Summit_knowledge"


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch):
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def real_documents(monkeypatch):
    """The documents of the real taxonomy, by git's own redirection. Longer addresses come first for git."""
    bundle = DATA / "summit_knowledge.bundle"
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    for number, address in enumerate((f"{SUMMIT}.git", SUMMIT)):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", f"url.{bundle}.insteadOf")
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", address)
