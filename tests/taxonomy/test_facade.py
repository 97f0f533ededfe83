from pathlib import Path

import pytest

from seedbed.kernel.errors import InputError
from seedbed.taxonomy import facade
from tests.taxonomy.gardens import garden, plant, skill


def test_files_of_a_folder_are_named_as_the_caller_sees_them(tmp_path, cache, monkeypatch):
    root = plant(garden(tmp_path / "tree"), {"compositional_skills/sums/qna.yaml": skill(3)})
    file = "compositional_skills/sums/qna.yaml"
    assert facade.lint(str(root), cache=cache).findings[0].file == f"{root}/{file}"
    monkeypatch.chdir(tmp_path)
    assert facade.lint("tree", cache=cache).findings[0].file == f"tree/{file}"
    assert facade.lint("./tree/", cache=cache).findings[0].file == f"tree/{file}"
    monkeypatch.chdir(root)
    assert facade.lint(".", cache=cache).findings[0].file == file
    assert Path(file).exists()


def test_lint_counts_files(tmp_path, cache):
    response = facade.lint(str(garden(tmp_path)), cache=cache)
    assert (response.files, list(response.findings)) == (3, [])


def test_list_gives_the_sound_leaves(tmp_path, cache):
    root = plant(garden(tmp_path), {"compositional_skills/bad/qna.yaml": skill(3)})
    leaves = facade.list_leaves(str(root), cache=cache)
    assert [(leaf.path, leaf.seeds, leaf.documents) for leaf in leaves] == [
        ("compositional_skills/sums", 5, 0),
        ("foundational_skills/reasoning", 3, 0),
        ("knowledge/science/birds", 5, 1),
    ]
    assert len(facade.list_leaves(str(root), globs=["knowledge/*"], cache=cache)) == 1


def test_the_cache_is_where_caches_are(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert facade.default_cache() == tmp_path / "seedbed" / "git"


def test_a_cache_that_cannot_be_is_said(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot read the taxonomy"):
        facade.read("https://127.0.0.1:1/x", cache=tmp_path / "file")
