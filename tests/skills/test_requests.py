import pytest

from seedbed.kernel.errors import InputError
from seedbed.kernel.identity import message_bytes, sha256_hex
from seedbed.skills.requests import make_snapshot
from seedbed.taxonomy.v1.leaf_pb2 import Document, QuestionAndAnswer, SeedExample
from tests.skills.leaves import HAIKU, HANGUL, TABLE, make_leaf


def test_a_leafs_digest_is_what_its_content_makes_it():
    first = make_snapshot(make_leaf()).leaves[0]
    assert first.digest == sha256_hex(message_bytes(make_leaf()))
    assert make_snapshot(make_leaf(digest="made up")).leaves[0] == first
    assert make_snapshot(make_leaf(seeds=[HANGUL])).leaves[0].digest != first.digest


def test_the_callers_leaf_stays_as_it_was():
    leaf = make_leaf(digest="kept")
    make_snapshot(leaf)
    assert leaf.digest == "kept"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"path": ""}, "leaf.path"),
        ({"path": "/etc"}, "leaf.path"),
        ({"path": "skills/../../etc"}, "leaf.path"),
        ({"kind": "knowledge"}, "leaf.kind"),
        ({"task_description": " "}, "leaf.task_description"),
        ({"seeds": []}, "leaf.seeds"),
        ({"seeds": [HAIKU, SeedExample()]}, "leaf.seeds[1].pairs"),
        ({"seeds": [SeedExample(pairs=[QuestionAndAnswer(question="Why?")])]}, "leaf.seeds[0].pairs"),
        ({"seeds": [TABLE]}, "leaf.seeds[0].context"),
        ({"documents": [Document(path="a.md")]}, "leaf.documents"),
        ({"kind": "grounded_skill"}, "leaf.seeds[0].context"),
    ],
)
def test_what_is_wrong_with_a_leaf_is_named(changes, field):
    with pytest.raises(InputError) as caught:
        make_snapshot(make_leaf(**changes))
    assert [violation.field for violation in caught.value.violations] == [field]


def test_a_grounded_leaf_is_taken():
    assert make_snapshot(make_leaf(kind="grounded_skill", seeds=[TABLE])).leaves[0].kind == "grounded_skill"
