import pytest

from seedbed.kernel.errors import InputError
from seedbed.taxonomy.facade import diff
from tests.taxonomy.gardens import commit, dump, garden, plant, skill

SUMS = "compositional_skills/sums"
BIRDS = "knowledge/science/birds"


@pytest.fixture
def root(tmp_path):
    folder = garden(tmp_path / "tree")
    commit(folder)
    return folder


@pytest.fixture
def said(root, cache):
    def said(base="HEAD", head=""):
        changes = diff(str(root), base, head, cache=cache).changes
        return [(change.path, change.kind, list(change.parts)) for change in changes]

    return said


def test_nothing_changed(root, said):
    assert said() == []
    assert said("HEAD", "main") == []


def test_style_is_no_change(root, said):
    text = "# comment\n\n" + dump(dict(reversed(skill().items()))) + "\n\n"
    plant(root, {f"{SUMS}/qna.yaml": text, "compositional_skills/.gitignore": "x"})
    assert said() == []


def test_the_working_tree_counts_with_what_is_untracked(root, said):
    plant(root, {f"{SUMS}/qna.yaml": skill(6), "compositional_skills/new/qna.yaml": skill(7)})
    (root / BIRDS / "qna.yaml").unlink()
    expected = [("compositional_skills/new", 1, []), (SUMS, 2, ["seeds"]), (BIRDS, 3, [])]
    assert said() == expected
    commit(root)
    assert said() == []
    assert said("HEAD~1", "HEAD") == expected
    assert [kind for _, kind, _ in said("HEAD", "HEAD~1")] == [3, 2, 1]


def test_the_parts_that_differ_are_named(root, said):
    changed = skill(6, version=2, created_by="others", task_description="Subtracts.")
    plant(root, {f"{SUMS}/qna.yaml": changed, f"{SUMS}/attribution.txt": "Title of work: x\n"})
    assert said() == [(SUMS, 2, ["attribution", "created_by", "seeds", "task_description", "version"])]


def test_a_document_beside_the_leaf_is_part_of_it(root, said):
    plant(root, {f"{BIRDS}/birds.md": "Other words.\n", f"{BIRDS}/other.md": "not asked for"})
    assert said() == [(BIRDS, 2, ["documents"])]


def test_a_file_that_cannot_be_read_is_one_part(root, said):
    plant(root, {f"{SUMS}/qna.yaml": "a: b: c\n"})
    ((path, kind, parts),) = said()
    assert (path, kind) == (SUMS, 2)
    assert "file" in parts
    commit(root)
    assert said() == []


def test_a_diff_needs_revisions_that_are_there(root, said, tmp_path, cache):
    for base, head in (("nothing", ""), ("HEAD", "nothing"), ("", ""), ("--all", "")):
        with pytest.raises(InputError):
            said(base, head)
    with pytest.raises(InputError):
        diff(str(garden(tmp_path / "plain")), "HEAD", cache=cache)
