"""Whatever git reads out of a tree that others wrote runs nothing."""

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from seedbed.cli.app import app
from seedbed.taxonomy import facade
from seedbed.taxonomy.git import command as running
from tests.cli.stage import seedbed
from tests.taxonomy.gardens import knowledge, plant, skill
from tests.taxonomy.traps import TRAPS

COMMANDS = (
    ("lint", "{root}"),
    ("lint", "{root}", "--format", "github"),
    ("list", "{root}"),
    ("list", "{root}@HEAD"),
    ("list", "{root}@HEAD~1"),
    ("diff", "{root}"),
    ("diff", "{root}", "HEAD~1", "HEAD"),
)


@pytest.fixture
def canary(tmp_path):
    """A file that is there when the stranger's program was run."""
    return tmp_path / "canary"


@pytest.fixture
def program(tmp_path, canary):
    plant(tmp_path, {"program": f"#!/bin/sh\ntouch {canary}\n"})
    (tmp_path / "program").chmod(0o755)
    return str(tmp_path / "program")


@pytest.fixture(params=list(TRAPS.values()), ids=list(TRAPS))
def trapped(request, tmp_path, program, monkeypatch):
    """A taxonomy, and the command of git's that falls into its trap."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "pulled" / "taxonomy"
    return root, request.param(root, program)


def fall(root: Path, command: list[str]) -> None:
    subprocess.run(["git", *command], cwd=root, check=False, capture_output=True, timeout=30)


def walk_past(trapped: tuple[Path, list[str]], canary: Path) -> None:
    """Every command of ours runs nothing; then git by itself falls into the trap."""
    root, command = trapped
    for arguments in COMMANDS:
        ended = CliRunner().invoke(app, ["taxonomy", *(each.format(root=root) for each in arguments)])
        assert ended.exit_code in (0, 2), ended.output
        assert not canary.exists(), arguments
    fall(root, command)
    assert canary.exists(), "the trap does not work"


def test_no_command_of_ours_runs_what_a_repository_names(trapped, canary):
    walk_past(trapped, canary)


def test_nor_with_a_git_that_guards_none_of_it(trapped, canary, monkeypatch):
    """As older versions: they fetch what is missing, and take any folder for a bare repository."""
    monkeypatch.delitem(running._ALWAYS, "GIT_NO_LAZY_FETCH")
    monkeypatch.setattr(running, "_SAFE", {})
    walk_past(trapped, canary)


def test_nor_where_documents_lie_in_such_a_repository(trapped, tmp_path, canary):
    root, command = trapped
    for revision in ("HEAD", "0" * 40):
        document = {"repo": str(root), "commit": revision, "patterns": ["**/*.md"]}
        near = plant(tmp_path / "near", {"knowledge/science/birds/qna.yaml": knowledge(document)})
        CliRunner().invoke(app, ["taxonomy", "lint", str(near)])
        assert not canary.exists()
    fall(root, command)
    assert canary.exists(), "the trap does not work"


@pytest.mark.parametrize("name", ["a bare repository that is the taxonomy", "a promisor's upload-pack"])
@pytest.mark.slow
async def test_nor_does_a_run(name, tmp_path, program, canary):
    root = tmp_path / "pulled" / "taxonomy"
    TRAPS[name](root, program)
    places = ("--state", tmp_path / "state", "--out", tmp_path / "dataset")
    wanted = ("--leaf", "compositional_skills/**", "--target", "2")
    ended = await seedbed("generate", root, "--teacher", "rehearsal", *places, *wanted)
    assert ended.code == 0, ended.err
    assert (tmp_path / "dataset").is_dir()
    assert not canary.exists()


def test_a_folder_with_leaves_is_read_as_it_stands_whatever_lies_beside_them(tmp_path, program, cache):
    root = tmp_path / "pulled" / "taxonomy"
    TRAPS["a bare repository that is the taxonomy"](root, program)
    plant(root, {"compositional_skills/new/qna.yaml": skill()})
    assert "compositional_skills/new" in [leaf.path for leaf in facade.list_leaves(str(root), cache=cache)]
