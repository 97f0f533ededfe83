import os
import shutil

import pytest

from seedbed.kernel.errors import InputError
from seedbed.taxonomy import facade
from seedbed.taxonomy.git.command import GitFailed
from seedbed.taxonomy.git.mirrors import Mirrors
from seedbed.taxonomy.git.repositories import find_repository
from seedbed.taxonomy.git.revisions import resolve
from seedbed.taxonomy.sources import open_source
from seedbed.taxonomy.trees.tree import leaf_files
from tests.taxonomy.gardens import commit, garden, git, knowledge, plant, skill

SUMS = "compositional_skills/sums"


@pytest.fixture
def origin(tmp_path):
    """A repository of two commits."""
    root = garden(tmp_path / "origin")
    commit(root)
    plant(root, {f"{SUMS}/qna.yaml": skill(6)})
    commit(root)
    return root


def works(root, cache, first, second):
    """Whether the tree and both its commits are read, and it is known who touched what."""
    assert len(leaf_files(open_source(str(root), Mirrors(cache)).tree)) == 3
    assert open_source(f"{root}@HEAD~1", Mirrors(cache)).commit == first
    assert facade.read(str(root), cache=cache).commits[SUMS] == second
    (change,) = facade.diff(str(root), "HEAD~1", cache=cache).changes
    assert (change.path, list(change.parts)) == (SUMS, ["seeds"])


def commits_of(root):
    return git(root, "rev-parse", "HEAD~1"), git(root, "rev-parse", "HEAD")


def test_a_work_tree_of_its_own_has_its_own_head(origin, tmp_path, cache):
    first, second = commits_of(origin)
    git(origin, "worktree", "add", "--quiet", "--detach", str(tmp_path / "old"), first)
    git(origin, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))
    assert open_source(f"{tmp_path}/old@HEAD", Mirrors(cache)).commit == first
    works(tmp_path / "side", cache, first, second)


def test_a_submodule_is_a_repository(origin, tmp_path, cache):
    garden(tmp_path / "project")
    commit(tmp_path / "project")
    add = ("submodule", "--quiet", "add", str(origin), "birds")
    git(tmp_path / "project", "-c", "protocol.file.allow=always", *add)
    works(tmp_path / "project" / "birds", cache, *commits_of(origin))


def test_a_clone_that_shares_its_objects_is_whole(origin, tmp_path, cache):
    git(tmp_path, "clone", "--quiet", "--shared", str(origin), "shared")
    works(tmp_path / "shared", cache, *commits_of(origin))


def test_references_and_objects_may_be_packed(origin, tmp_path, cache):
    git(origin, "gc", "--quiet")
    works(origin, cache, *commits_of(origin))


def test_a_shallow_clone_knows_its_last_commits(origin, tmp_path, cache):
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{origin}", "shallow")
    last = git(origin, "rev-parse", "HEAD")
    assert set(facade.read(f"{tmp_path}/shallow", cache=cache).commits.values()) == {last}
    with pytest.raises(InputError, match="no commit `HEAD~1`"):
        open_source(f"{tmp_path}/shallow@HEAD~1", Mirrors(cache))


@pytest.fixture
def longer(tmp_path):
    """A repository whose names are of SHA-256."""
    root = garden(tmp_path / "longer")
    git(root, "init", "--quiet", "--object-format=sha256", "--initial-branch=main")
    commit(root)
    plant(root, {f"{SUMS}/qna.yaml": skill(6)})
    commit(root)
    return root


def test_names_may_be_of_sha256(longer, tmp_path, cache, monkeypatch):
    works(longer, cache, *commits_of(longer))
    git(longer, "bundle", "create", "--quiet", str(tmp_path / "all.bundle"), "HEAD", "main")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{longer}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://example.org/longer")
    last = git(longer, "rev-parse", "HEAD")
    for source in (
        tmp_path / "all.bundle",
        "https://example.org/longer",
        f"https://example.org/longer@{last}",
    ):
        assert open_source(str(source), Mirrors(cache)).commit == last


@pytest.fixture
def partial(origin, tmp_path):
    """A clone that has no file but those of its last commit."""
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", f"file://{origin}", "partial")
    return tmp_path / "partial"


def test_a_partial_clone_is_read_as_far_as_it_goes(partial, origin, cache):
    first, second = commits_of(origin)
    assert facade.read(str(partial), cache=cache).commits[SUMS] == second
    assert not facade.diff(str(partial), "HEAD", cache=cache).changes
    with pytest.raises(InputError, match=r"partial clone.*clone it whole"):
        facade.read(f"{partial}@{first}", cache=cache)


def test_documents_of_a_partial_clone_are_not_to_be_had(partial, tmp_path, cache):
    document = {"repo": str(partial), "commit": "main", "patterns": ["**/*.md"]}
    near = plant(tmp_path / "near", {"knowledge/science/birds/qna.yaml": knowledge(document)})
    found = facade.lint(str(near), cache=cache).findings
    assert any("is a partial clone" in finding.message for finding in found), found


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give files away")
def test_whose_the_repository_is_does_not_matter(origin, cache):
    first, second = commits_of(origin)
    for path in (origin, *origin.rglob("*")):
        os.chown(path, 65534, 65534)
    assert open_source(f"{origin}@HEAD~1", Mirrors(cache)).commit == first
    assert facade.read(str(origin), cache=cache).commits[SUMS] == second


def test_what_a_branch_follows_is_not_known_and_said(origin, tmp_path, cache):
    git(tmp_path, "clone", "--quiet", str(origin), "clone")
    with pytest.raises(InputError, match="name the branch, such as origin/main"):
        open_source(f"{tmp_path}/clone@main@{{u}}", Mirrors(cache))
    last = git(origin, "rev-parse", "HEAD")
    assert open_source(f"{tmp_path}/clone@origin/main", Mirrors(cache)).commit == last


def test_where_a_branch_was_is_known(origin, cache):
    first, _ = commits_of(origin)
    assert resolve(find_repository(origin)[0], "main@{1}") == first


def test_a_folder_without_a_repository_has_no_revisions(tmp_path):
    (tmp_path / ".git").mkdir()
    with pytest.raises(GitFailed, match="stands in no git repository"):
        find_repository(tmp_path)


def test_a_git_file_that_leads_nowhere(tmp_path, cache):
    root = garden(tmp_path / "tree")
    (root / ".git").write_text("gitdir: ../gone\n")
    with pytest.raises(InputError, match="leads to no git repository"):
        open_source(f"{root}@HEAD", Mirrors(cache))
    assert len(facade.list_leaves(str(root), cache=cache)) == 3


@pytest.mark.parametrize("part", ["HEAD", "config", "packed-refs", "commondir", "shallow", "logs"])
def test_a_pipe_in_a_files_place_holds_nobody_up(origin, cache, part):
    place = origin / ".git" / part
    if place.is_dir():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    assert len(facade.list_leaves(str(origin), cache=cache)) == 3
