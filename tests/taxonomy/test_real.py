"""The public taxonomy with its history and its documents."""

import pytest

from seedbed.taxonomy import facade
from seedbed.taxonomy.v1.taxonomy_service_pb2 import CHANGE_KIND_ADDED, CHANGE_KIND_REMOVED


@pytest.mark.usefixtures("real_documents")
def test_it_has_sixteen_sound_leaves(real_taxonomy, cache):
    response = facade.lint(str(real_taxonomy), cache=cache)
    assert response.files == 16
    # Nor does it warn of seeds that people wrote with care.
    assert not response.findings, facade.format_text(response.findings)
    assert not response.notes
    leaves = facade.list_leaves(str(real_taxonomy), cache=cache)
    kinds = [leaf.kind for leaf in leaves]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "knowledge": 2,
        "grounded_skill": 2,
        "freeform_skill": 12,
    }
    assert all(len(leaf.commit) == 40 for leaf in leaves)
    assert [leaf.documents for leaf in leaves if leaf.kind == "knowledge"] == [1, 1]


@pytest.mark.usefixtures("real_documents")
def test_a_clone_and_a_revision_are_the_same(real_taxonomy, cache):
    here = facade.list_leaves(str(real_taxonomy), cache=cache)
    assert facade.list_leaves(f"{real_taxonomy}@HEAD", cache=cache) == here


def test_it_differs_from_its_past(real_taxonomy, cache):
    changes = facade.diff(str(real_taxonomy), "HEAD~1", cache=cache).changes
    assert [(c.path, c.kind, list(c.parts)) for c in changes] == [
        ("compositional_skills/linguistics/synonyms", 2, ["seeds"])
    ]
    assert facade.diff(str(real_taxonomy), "HEAD", cache=cache).changes == []
    before = facade.diff(str(real_taxonomy), "state-d3e032a", "HEAD", cache=cache).changes
    kinds = [change.kind for change in before]
    assert tuple(map(kinds.count, (CHANGE_KIND_ADDED, CHANGE_KIND_REMOVED))) == (16, 63)


def test_every_past_state_can_be_read(real_taxonomy, cache):
    for revision in ("state-33583e8", "state-5519987", "state-c911391", "state-d3e032a", "state-efa9cbe"):
        found = facade.read(f"{real_taxonomy}@{revision}", documents=False, cache=cache)
        assert found.files >= 15
        assert all(f.line and f.column and f.message for f in found.findings)
