from seedbed.taxonomy.facade import read
from tests.taxonomy.gardens import commit, garden, git, plant, skill

SUMS = "compositional_skills/sums"


def test_each_leaf_has_the_commit_that_last_touched_it(tmp_path, cache):
    root = garden(tmp_path / "tree")
    first = commit(root)
    plant(root, {f"{SUMS}/qna.yaml": skill(6)})
    second = commit(root)
    plant(root, {"README.md": "x"})
    commit(root)
    for source in (str(root), f"{root}@HEAD", f"file://{root}@main"):
        commits = read(source, cache=cache).commits
        assert commits == {
            SUMS: second,
            "foundational_skills/reasoning": first,
            "knowledge/science/birds": first,
        }
    assert read(f"{root}@{first}", cache=cache).commits[SUMS] == first


def test_a_leaf_that_is_not_committed_has_none(tmp_path, cache):
    root = garden(tmp_path / "tree")
    assert read(str(root), cache=cache).commits == {}
    git(root, "init", "--quiet")
    assert read(str(root), cache=cache).commits == {}
    commit(root)
    plant(root, {f"{SUMS}/qna.yaml": skill(6), "compositional_skills/new/qna.yaml": skill(7)})
    assert sorted(read(str(root), cache=cache).commits) == [
        "foundational_skills/reasoning",
        "knowledge/science/birds",
    ]


def test_a_taxonomy_below_the_top_of_its_repository(tmp_path, cache):
    root = garden(tmp_path / "project" / "taxonomy")
    first = commit(tmp_path / "project")
    assert set(read(str(root), cache=cache).commits.values()) == {first}
    assert len(read(f"{root}@HEAD", cache=cache).commits) == 3


def test_merges_are_looked_through(tmp_path, cache):
    root = garden(tmp_path / "tree")
    commit(root)
    git(root, "checkout", "--quiet", "-b", "side")
    plant(root, {f"{SUMS}/qna.yaml": skill(6)})
    side = commit(root)
    git(root, "checkout", "--quiet", "main")
    plant(root, {"README.md": "x"})
    commit(root)
    git(root, "merge", "--quiet", "--no-ff", "-m", "merged", "side")
    assert read(str(root), cache=cache).commits[SUMS] == side
