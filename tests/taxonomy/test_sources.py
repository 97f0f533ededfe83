import pytest

from seedbed.kernel.errors import InputError
from seedbed.taxonomy.git.mirrors import Mirrors
from seedbed.taxonomy.sources import open_source, split_revision
from seedbed.taxonomy.trees.tree import leaf_files
from tests.taxonomy.gardens import commit, garden, git, plant, skill


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("https://example.org/a@main", ("https://example.org/a", "main")),
        ("https://example.org/a@feature/x", ("https://example.org/a", "feature/x")),
        ("https://example.org/a", ("https://example.org/a", "")),
        ("https://user@example.org/a", ("https://user@example.org/a", "")),
        ("ssh://git@example.org/a", ("ssh://git@example.org/a", "")),
        ("ssh://git@example.org:22/a@v1", ("ssh://git@example.org:22/a", "v1")),
        ("git@example.org:a/b", ("git@example.org:a/b", "")),
        ("git@example.org:a/b.git@v1", ("git@example.org:a/b.git", "v1")),
        ("nowhere@HEAD~2", ("nowhere", "HEAD~2")),
    ],
)
def test_revisions_come_off_the_end(text, parts):
    assert split_revision(text) == parts


def test_a_folder_may_have_an_at_in_its_name(tmp_path):
    root = garden(tmp_path / "a@b")
    assert split_revision(str(root)) == (str(root), "")
    assert split_revision(f"{root}@main") == (str(root), "main")


def test_every_kind_of_source_gives_the_same_files(tmp_path, cache):
    root = garden(tmp_path / "tree")
    first = commit(root)
    git(tmp_path, "clone", "--quiet", "--bare", str(root), "bare.git")
    git(root, "bundle", "create", "--quiet", str(tmp_path / "all.bundle"), "HEAD", "main")
    plain = garden(tmp_path / "plain")
    sources = [root, plain, f"{root}@main", f"{root}@{first}", tmp_path / "bare.git", tmp_path / "all.bundle"]
    sources += [
        f"{tmp_path}/all.bundle@main",
        f"{tmp_path}/bare.git@HEAD",
        f"file://{root}",
        f"file://{root}@main",
    ]
    expected = leaf_files(open_source(str(root), Mirrors(cache)).tree)
    assert len(expected) == 3
    for source in sources:
        opened = open_source(str(source), Mirrors(cache))
        assert sorted(leaf_files(opened.tree)) == expected, source
        assert opened.local
        assert opened.tree.read(expected[0]) == (plain / expected[0]).read_bytes()


def test_a_taxonomy_may_be_a_folder_of_a_repository(tmp_path, cache):
    garden(tmp_path / "project" / "taxonomy")
    commit(tmp_path / "project")
    opened = open_source(f"{tmp_path}/project/taxonomy@HEAD", Mirrors(cache))
    assert (opened.prefix, len(leaf_files(opened.tree))) == ("taxonomy/", 3)


def test_the_working_tree_is_read_as_it_stands(tmp_path, cache):
    root = garden(tmp_path)
    commit(root)
    plant(root, {"compositional_skills/new/qna.yaml": skill()})
    assert len(leaf_files(open_source(str(root), Mirrors(cache)).tree)) == 4
    assert len(leaf_files(open_source(f"{root}@HEAD", Mirrors(cache)).tree)) == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-x",
        "--all",
        "/nowhere/at/all",
        "/nowhere@main",
        "ext::sh -c x",
        "ftp://example.org/x",
        "a\nb",
    ],
)
def test_what_is_no_taxonomy(text, cache):
    with pytest.raises(InputError):
        open_source(text, Mirrors(cache))


def test_a_revision_needs_a_repository_that_has_it(tmp_path, cache):
    root = garden(tmp_path)
    with pytest.raises(InputError, match="no git repository"):
        open_source(f"{root}@main", Mirrors(cache))
    commit(root)
    with pytest.raises(InputError, match="no commit `nothing`"):
        open_source(f"{root}@nothing", Mirrors(cache))
    with pytest.raises(InputError, match="is not a revision"):
        open_source(f"{root}@-x", Mirrors(cache))


def test_misspelt_branches_are_noticed(tmp_path, cache):
    root = plant(garden(tmp_path), {"Knowledge_/x": "", "compositional_skill/x": "", "docs/x": ""})
    assert open_source(str(root), Mirrors(cache)).misspelt == {
        "Knowledge_": "knowledge",
        "compositional_skill": "compositional_skills",
    }


def test_a_file_that_is_no_bundle(tmp_path, cache):
    plant(tmp_path, {"x.txt": "x"})
    with pytest.raises(InputError, match="cannot read the taxonomy"):
        open_source(str(tmp_path / "x.txt"), Mirrors(cache))
