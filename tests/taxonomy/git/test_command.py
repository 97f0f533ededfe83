import re
import time
from pathlib import Path

import pytest

from seedbed.taxonomy.facade import read
from seedbed.taxonomy.git import command as running
from seedbed.taxonomy.git.command import GitFailed, address_fault, git, is_revision, without_secret
from seedbed.taxonomy.git.mirrors import Mirrors
from seedbed.taxonomy.sources import open_source
from tests.taxonomy.gardens import commit, garden

SOUND = [
    "https://github.com/a/b",
    "https://example.org:8443/a/b.git",
    "ssh://git@example.org/a",
    "git@example.org:a/b.git",
]
LOCAL = ["/srv/git/a", "file:///srv/git/a"]
BAD = [
    "--upload-pack=touch /tmp/x",
    "-u",
    "ext::sh -c touch% /tmp/x",
    "ext::sh://x",
    "fd::17",
    "http://example.org/a",
    "git://example.org/a",
    "ssh://-oProxyCommand=touch%20x/a",
    "ssh://git@-oProxyCommand=x/a",
    "git@-F:a/b",
    "ftp://example.org/a",
    "https://user:secret@example.org/a",
    "https://token@example.org/a",
    "../elsewhere",
    "a b",
    "https://example.org/\x1b[2J",
    "https://example.org/a\nb",
    "",
]


@pytest.mark.parametrize("address", SOUND)
def test_sound_addresses(address):
    assert address_fault(address, local=False) == ""


@pytest.mark.parametrize("address", LOCAL)
def test_folders_of_this_machine_are_for_taxonomies_of_this_machine(address):
    assert address_fault(address, local=True) == ""
    assert "on this machine" in address_fault(address, local=False)


@pytest.mark.parametrize("address", BAD)
def test_hostile_addresses(address):
    fault = address_fault(address, local=True)
    assert fault
    assert "secret" not in fault


def test_revisions():
    sound = ["main", "v1.0", "HEAD~3", "origin/main", "feature/새", "0" * 40, "HEAD^", "@{u}"]
    assert all(map(is_revision, sound))
    assert not any(map(is_revision, ["", "-x", "--all", "a..b", "a b", "a:b", "a\n", "^a", "*"]))


def test_failures_come_in_gits_own_words(tmp_path):
    commit(garden(tmp_path))
    with pytest.raises(GitFailed, match="Not a valid object name nothing"):
        git(tmp_path / ".git", "ls-tree", "nothing")


def test_secrets_are_not_repeated():
    assert without_secret("from https://u:p@host/x and ssh://git@h/y") == "from https://host/x and ssh://h/y"


def test_git_ends_in_time_with_its_helpers(tmp_path):
    commit(garden(tmp_path))
    start = time.monotonic()
    with pytest.raises(GitFailed, match="no answer within 1 s"):
        git(tmp_path / ".git", "-c", "alias.wait=!sleep 30", "wait", timeout=1)
    assert time.monotonic() - start < 20


def test_a_hook_that_lints_does_not_lead_git_astray(tmp_path, cache, monkeypatch):
    here = commit(garden(tmp_path / "here"))
    commit(garden(tmp_path / "there"), "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "there" / ".git"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "there" / ".git" / "objects"))
    assert set(read(str(tmp_path / "here"), cache=cache).commits.values()) == {here}
    assert open_source(f"{tmp_path}/here@HEAD", Mirrors(cache)).commit == here


def test_git_is_started_in_one_place():
    code = Path(running.__file__).parents[2]
    naming = [path for path in code.rglob("*.py") if re.search(r'(?<!/ )"git", ', path.read_text())]
    # The other asks for its version.
    found = {path.relative_to(code).as_posix() for path in naming}
    assert found == {"taxonomy/git/command.py", "cli/commands/doctor.py"}
