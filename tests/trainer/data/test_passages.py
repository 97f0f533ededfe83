"""The texts of a dataset: each passage once with its headings, and what it was retold as."""

import pytest

from seedbed.dataset import read_manifest, write_dataset
from seedbed.pipeline.recipe import Recipe
from seedbed.trainer.data.dataset_rows import read_dataset
from tests.dataset.leaves import (
    BIRDS,
    DOCUMENTS,
    HAIKU,
    HANOK,
    make_leaf,
    make_leaves,
    make_plan,
    make_source,
    message_of,
)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows") / "dataset"
    leaves = make_leaves()
    write_dataset(folder, make_plan(leaves), leaves)
    return read_dataset(folder).rows


def texts(rows, use, leaf):
    return [row.text for row in rows if (row.use, row.leaf) == (use, leaf)]


def test_each_passage_is_a_text_once_however_many_candidates_it_had(rows):
    for leaf in (BIRDS, HANOK):
        found = texts(rows, "document_text", leaf)
        assert sorted(found) == sorted(f"One\nTwo\n\n{chunk}" for chunk in DOCUMENTS[leaf])
    assert not texts(rows, "document_text", HAIKU)


def test_a_retelling_is_a_text_below_the_headings_of_its_passage(rows):
    assert sorted(texts(rows, "retelling_text", BIRDS)) == [
        f"One\nTwo\n\natomic_facts: {DOCUMENTS[BIRDS][0]}",
        f"One\nTwo\n\ndetailed_summary: {DOCUMENTS[BIRDS][0]}",
    ]


def test_a_text_is_of_its_leaf_and_has_no_messages(rows):
    found = [row for row in rows if row.text]
    assert {(row.kind, row.form, row.messages, row.unmask) for row in found} == {("knowledge", "", (), False)}
    assert all(row.leaf_digest for row in found)


@pytest.mark.parametrize("kept", [False, True])
def test_passages_that_nothing_was_made_of_are_texts_where_the_run_kept_them(tmp_path, kept):
    leaf = make_leaf(BIRDS, augmented=False)
    unasked = make_source(BIRDS, 0)
    unasked.chunk, unasked.chunk_start = "Swifts drink in flight.", 7000
    asked = make_source(BIRDS, 1)
    for number, source in enumerate((unasked, asked) if kept else ()):
        message_of(leaf).augmentations.add(id=str(number), path=BIRDS, source=source)
    plan = make_plan([leaf], recipe=Recipe(passages=kept))
    manifest = write_dataset(tmp_path / "dataset", plan, [leaf])
    found = texts(read_dataset(tmp_path / "dataset").rows, "document_text", BIRDS)
    assert len(found) == len(DOCUMENTS[BIRDS]) + kept
    assert ("One\nTwo\n\nSwifts drink in flight." in found) == kept
    # No other row comes of them.
    assert manifest.counts.rows.p07_auxiliary == manifest.counts.rows.p10_auxiliary == 0


def test_a_passage_that_was_only_retold_is_a_text_as_well(tmp_path):
    leaf = make_leaf(BIRDS)
    lone = "Swifts drink in flight."
    message_of(leaf).augmentations[0].source.chunk = lone
    write_dataset(tmp_path / "dataset", make_plan([leaf]), [leaf])
    found = read_dataset(tmp_path / "dataset").rows
    assert lone in texts(found, "document_text", BIRDS)
    assert read_manifest(tmp_path / "dataset").counts.rows.p07_auxiliary == 2
