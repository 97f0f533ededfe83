import os
import stat

import pytest

from seedbed.taxonomy.git.command import GitFailed
from seedbed.taxonomy.git.mirrors import Mirrors, drop_mirrors
from seedbed.taxonomy.git.revisions import GitTree
from tests.taxonomy.gardens import commit, garden, git, plant


@pytest.fixture
def repository(tmp_path):
    garden(tmp_path / "origin")
    return tmp_path / "origin"


@pytest.mark.parametrize("history", [True, False])
@pytest.mark.parametrize("revision", ["", "HEAD", "main", "v1", "full", "short"])
def test_every_kind_of_revision_is_found(repository, cache, revision, history):
    first = commit(repository)
    git(repository, "tag", "v1")
    revision = {"full": first, "short": first[:10]}.get(revision, revision)
    mirror, found = Mirrors(cache).commit(str(repository), revision, history=history)
    assert found == first
    assert "knowledge/science/birds/birds.md" in GitTree(mirror, found).entries


def test_a_branch_that_moved_is_fetched_again_and_a_commit_is_not(repository, cache):
    first = commit(repository)
    assert Mirrors(cache).commit(str(repository), "main", history=True)[1] == first
    plant(repository, {"knowledge/new.md": "x"})
    second = commit(repository)
    mirrors = Mirrors(cache)
    assert mirrors.commit(str(repository), "main", history=True)[1] == second
    assert mirrors.commit(str(repository), "HEAD~1", history=True)[1] == first
    repository.rename(repository.with_name("gone"))
    assert Mirrors(cache).commit(str(repository), first, history=True)[1] == first
    with pytest.raises(GitFailed, match="cannot reach"):
        Mirrors(cache).commit(str(repository), "main", history=True)


def test_mirrors_are_dropped_with_all_that_was_in_them_and_made_anew(repository, cache):
    first = commit(repository)
    for history in (True, False):
        Mirrors(cache).commit(str(repository), first, history=history)
    assert drop_mirrors(cache, only_count=True) == 2
    assert drop_mirrors(cache) == 2
    assert not [path for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert drop_mirrors(cache) == 0
    assert Mirrors(cache).commit(str(repository), first, history=True)[1] == first


def test_an_unknown_commit_is_named(repository, cache):
    commit(repository)
    for revision in ("0" * 40, "nothing"):
        with pytest.raises(GitFailed, match=f"there is no commit `{revision}`"):
            Mirrors(cache).commit(str(repository), revision, history=False)
    with pytest.raises(GitFailed, match="is not a revision"):
        Mirrors(cache).commit(str(repository), "--upload-pack=x", history=False)


def test_a_repository_that_is_not_there_is_asked_once(tmp_path, cache):
    mirrors = Mirrors(cache)
    for _ in range(2):
        with pytest.raises(GitFailed, match=r"cannot reach .*/nowhere: "):
            mirrors.commit(str(tmp_path / "nowhere"), "main", history=False)


def test_no_hook_runs(repository, cache, tmp_path, monkeypatch):
    template = tmp_path / "template"
    witness = tmp_path / "ran"
    plant(template, {"hooks/reference-transaction": f"#!/bin/sh\ntouch {witness}\n"})
    (template / "hooks" / "reference-transaction").chmod(stat.S_IRWXU)
    commit(repository)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "init.templateDir")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(template))
    Mirrors(cache).commit(str(repository), "main", history=True)
    assert not witness.exists()


def test_the_users_redirection_counts(repository, cache, monkeypatch):
    first = commit(repository)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{repository}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://example.org/birds")
    assert Mirrors(cache).commit("https://example.org/birds", first, history=False)[1] == first


def test_what_was_fetched_is_for_its_user_alone(repository, cache):
    commit(repository)
    cache.mkdir(mode=0o755)
    Mirrors(cache).commit(str(repository), "main", history=True)
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give folders away")
def test_nothing_is_fetched_into_a_folder_of_another_user(repository, cache):
    first = commit(repository)
    Mirrors(cache).commit(str(repository), first, history=True)
    os.chown(cache, 65534, 65534)
    with pytest.raises(GitFailed, match="belongs to another user"):
        Mirrors(cache).commit(str(repository), "main", history=True)
