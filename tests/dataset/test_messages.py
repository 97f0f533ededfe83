import json
import uuid
from collections import Counter

import pytest

from seedbed.dataset.messages import RowWriter
from seedbed.dataset.parts import LeafPart
from tests.dataset.leaves import BIRDS, DOCUMENTS, HAIKU, HANOK, TABLES, make_leaf, message_of

SYSTEM = "Answer well."


def rows_of(leaf: LeafPart, system: str = SYSTEM):
    maker = RowWriter(leaf, system)
    return list(maker.knowledge_rows()), list(maker.skills_rows())


def check_record(record: dict, *, system: str = SYSTEM) -> dict:
    """Upstream's form, strictly; returns the metadata."""
    assert list(record) == ["id", "messages", "metadata", "unmask"]
    assert str(uuid.UUID(record["id"])) == record["id"]
    assert type(record["unmask"]) is bool
    roles = [message["role"] for message in record["messages"]]
    assert roles == ["system"] * bool(system) + ["user", "assistant"]
    for message in record["messages"]:
        assert list(message) == ["role", "content"]
        assert isinstance(message["content"], str)
        assert message["content"].strip()
    assert isinstance(record["metadata"], str)
    metadata = json.loads(record["metadata"])
    assert isinstance(metadata, dict)
    if metadata["leaf_node_type"] == "knowledge":
        assert {"sdg_document", "domain", "dataset"} <= set(metadata)
        assert metadata["dataset"].startswith("document_")
        assert ("raw_document" in metadata) == ("dataset_type" in metadata)
    return metadata


@pytest.mark.parametrize("path", [BIRDS, HANOK, HAIKU, TABLES])
@pytest.mark.parametrize("system", [SYSTEM, ""])
def test_every_record_has_upstreams_form(path, system):
    knowledge, skills = rows_of(make_leaf(path), system)
    for row in knowledge + skills:
        check_record(row.record, system=system)
    assert len({row.record["id"] for row in knowledge + skills}) == len(knowledge + skills)


def test_knowledge_in_p07_shows_the_document_and_unmasks_all():
    knowledge, _ = rows_of(make_leaf(BIRDS, 4))
    assert Counter(row.use for row in knowledge) == {"p07_qa": 4, "p07_auxiliary": 2}
    assert all(row.record["unmask"] for row in knowledge)
    first = next(row.record for row in knowledge if "case 0" in row.record["messages"][1]["content"])
    assert first["messages"][0] == {"role": "system", "content": SYSTEM}
    assert first["messages"][1]["content"] == f"{DOCUMENTS[BIRDS][0]}\n\nWhat is the point of case 0?"
    assert json.loads(first["metadata"])["dataset"] == "document_knowledge_qa"


def test_a_pair_made_from_an_augmentation_shows_it_and_names_the_chunk():
    knowledge, _ = rows_of(make_leaf(BIRDS, 4))
    record = next(row.record for row in knowledge if "case 3" in row.record["messages"][1]["content"])
    metadata = json.loads(record["metadata"])
    assert record["messages"][1]["content"].startswith("In short: ")
    assert metadata["sdg_document"] == f"In short: {DOCUMENTS[BIRDS][3]}"
    assert metadata["raw_document"] == DOCUMENTS[BIRDS][3]
    assert metadata["dataset_type"] == "detailed_summary"


def test_knowledge_in_p10_adds_raft_and_masks_all_but_the_plain_pairs():
    _, skills = rows_of(make_leaf(BIRDS, 8))
    assert Counter(row.use for row in skills) == {"p10_raft": 8, "p10_qa": 8, "p10_auxiliary": 2}
    assert {(row.use, row.record["unmask"]) for row in skills} == {
        ("p10_raft", False),
        ("p10_qa", True),
        ("p10_auxiliary", False),
    }
    raft = next(row.record for row in skills if row.use == "p10_raft")
    assert raft["messages"][1]["content"].count("Document:\n") == 4
    assert json.loads(raft["metadata"])["dataset"] == "document_knowledge_qa_raft_p0.4"


def test_auxiliary_rows_ask_in_the_script_of_the_text():
    for path, asked in ((BIRDS, str.isascii), (HANOK, lambda text: "글" in text)):
        knowledge, _ = rows_of(make_leaf(path))
        for row in knowledge:
            if row.use == "p07_auxiliary":
                chunk, _, instruction = row.record["messages"][1]["content"].partition("\n\n")
                assert chunk in DOCUMENTS[path]
                assert asked(instruction)
                assert json.loads(row.record["metadata"])["raw_document"] == chunk


def test_a_grounded_skill_shows_its_context_before_the_question():
    knowledge, skills = rows_of(make_leaf(TABLES, 1))
    assert not knowledge
    assert (
        skills[0].record["messages"][1]["content"] == "| a | b |\n| 0 | 2 |\n\nWhat is the point of case 0?"
    )
    assert skills[0].record["unmask"] is False


def test_only_samples_become_rows():
    with_others, without = (rows_of(make_leaf(HAIKU, 3, others=others))[1] for others in (True, False))
    assert [row.record for row in with_others] == [row.record for row in without]


def test_a_row_leads_to_its_sample_and_leaf():
    leaf = make_leaf(HANOK, 2)
    knowledge, skills = rows_of(leaf)
    origins = {one.id for one in leaf.part.candidates} | {one.id for one in leaf.part.augmentations}
    for row in knowledge + skills:
        metadata = json.loads(row.record["metadata"])
        origin = metadata.get("sample") or metadata["augmentation"]
        assert origin in origins
        assert (metadata["leaf"], metadata["leaf_digest"]) == (HANOK, leaf.part.leaf_digest)
        assert metadata["leaf_commit"] == "ab12"


def test_the_same_sample_in_two_leaves_makes_rows_of_two_names():
    one, two = make_leaf(HAIKU, 1), make_leaf(TABLES, 1)
    message_of(two).candidates[0].id = message_of(one).candidates[0].id
    ids = [row.record["id"] for leaf in (one, two) for row in rows_of(leaf)[1]]
    assert len(set(ids)) == len(ids)
