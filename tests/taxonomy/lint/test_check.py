import os

import pytest

from seedbed.kernel.errors import InputError
from seedbed.taxonomy.lint.check import check
from seedbed.taxonomy.lint.findings import errors_of
from seedbed.taxonomy.lint.positions import MAX_BYTES
from seedbed.taxonomy.trees.folder import FolderTree
from seedbed.taxonomy.trees.tree import BRANCHES
from tests.taxonomy.gardens import dump, garden, knowledge, plant, skill


def look(root, globs=()):
    return check(FolderTree(root, BRANCHES), globs)


def said(root) -> list[tuple[str, str]]:
    checked = look(root)
    found = [*checked.findings, *(f for leaf in checked.leaves for f in leaf.findings)]
    return sorted((f.file, f.rule) for f in found)


def test_a_sound_garden_has_no_finding(tmp_path):
    checked = look(garden(tmp_path))
    assert [leaf.path for leaf in checked.leaves] == [
        "compositional_skills/sums",
        "foundational_skills/reasoning",
        "knowledge/science/birds",
    ]
    assert said(tmp_path) == []
    assert all(leaf.sound for leaf in checked.leaves)


def test_no_leaf_is_an_error(tmp_path):
    assert said(tmp_path) == [(".", "no-leaf")]
    plant(tmp_path, {"knowledge/birds/readme.md": "x", "qna.yaml": skill(), "other/x/qna.yaml": skill()})
    assert said(tmp_path) == [(".", "no-leaf")]


@pytest.mark.parametrize("name", ["qna.yml", "QNA.yaml", "Qna.YAML", "questions.yaml"])
def test_other_names_are_warned_of(tmp_path, name):
    plant(garden(tmp_path), {f"compositional_skills/more/{name}": skill()})
    assert said(tmp_path) == [(f"compositional_skills/more/{name}", "file-name")]
    assert not errors_of(look(tmp_path).findings)


def test_two_files_of_one_leaf_are_refused(tmp_path):
    plant(garden(tmp_path), {"compositional_skills/sums/qna.yml": skill()})
    assert said(tmp_path) == [("compositional_skills/sums/qna.yml", "duplicate-leaf")]
    assert errors_of(look(tmp_path).findings)


def test_links_are_not_followed(tmp_path):
    outside = plant(tmp_path / "outside", {"qna.yaml": skill()})
    root = garden(tmp_path / "tree")
    (root / "compositional_skills" / "linked").symlink_to(outside)
    (root / "compositional_skills" / "more").mkdir()
    (root / "compositional_skills" / "more" / "qna.yaml").symlink_to(outside / "qna.yaml")
    checked = look(root)
    assert len(checked.leaves) == 3
    assert [(f.file, f.rule, f.severity) for f in checked.findings] == [
        ("compositional_skills/linked", "link", 1),
        ("compositional_skills/more/qna.yaml", "link", 2),
    ]


def test_a_branch_that_is_a_link_is_not_followed(tmp_path):
    outside = garden(tmp_path / "outside")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "knowledge").symlink_to(outside / "knowledge")
    assert said(tmp_path / "tree") == [(".", "no-leaf"), ("knowledge", "link")]


def test_a_pipe_holds_nothing_up(tmp_path):
    garden(tmp_path)
    (tmp_path / "knowledge" / "pipe").mkdir()
    os.mkfifo(tmp_path / "knowledge" / "pipe" / "qna.yaml")
    assert said(tmp_path) == [("knowledge/pipe/qna.yaml", "file-kind")]


def test_a_file_too_long_is_not_read(tmp_path):
    plant(garden(tmp_path), {"knowledge/long/qna.yaml": b"a" * (MAX_BYTES + 1)})
    assert said(tmp_path) == [("knowledge/long/qna.yaml", "file-size")]


def test_a_leaf_needs_a_folder_of_its_own(tmp_path):
    plant(garden(tmp_path), {"knowledge/qna.yaml": knowledge(), "knowledge/attribution.txt": "x"})
    assert ("knowledge/qna.yaml", "misplaced") in said(tmp_path)


def test_attribution_must_be_text(tmp_path):
    plant(garden(tmp_path), {"compositional_skills/sums/attribution.txt": b"\xff\xff"})
    assert ("compositional_skills/sums/attribution.txt", "encoding") in said(tmp_path)


def test_one_broken_file_hides_no_other(tmp_path):
    plant(garden(tmp_path), {"knowledge/a/qna.yaml": "a: b: c\n", "knowledge/b/qna.yaml": dump([1])})
    assert ("knowledge/a/qna.yaml", "yaml-syntax") in said(tmp_path)
    assert ("knowledge/b/qna.yaml", "not-a-mapping") in said(tmp_path)
    assert sum(leaf.sound for leaf in look(tmp_path).leaves) == 3


@pytest.mark.parametrize("glob", ["knowledge", "knowledge/", "knowledge/*", "*birds", "knowledge/science"])
def test_a_glob_names_leaves_or_a_folder_above_them(tmp_path, glob):
    assert [leaf.path for leaf in look(garden(tmp_path), [glob]).leaves] == ["knowledge/science/birds"]


def test_globs_choose_leaves_and_their_findings(tmp_path):
    plant(garden(tmp_path), {"knowledge/a/qna.yaml": "a: b: c\n"})
    assert [leaf.path for leaf in look(tmp_path, ["knowledge/*"]).leaves] == [
        "knowledge/a",
        "knowledge/science/birds",
    ]
    assert [leaf.path for leaf in look(tmp_path, ["*/sums", "foundational*"]).leaves] == [
        "compositional_skills/sums",
        "foundational_skills/reasoning",
    ]
    with pytest.raises(InputError, match="no leaf matches `knowledge/bees`"):
        look(tmp_path, ["knowledge/bees"])
