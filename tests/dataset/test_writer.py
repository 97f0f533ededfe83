import json
import weakref
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from seedbed.dataset import (
    DatasetWriter,
    InconsistentPart,
    LeafPart,
    read_manifest,
    verify_files,
    write_dataset,
)
from seedbed.dataset.manifest import CARD_FILE, FILES, KNOWLEDGE_FILE, PASSAGES_FILE, SKILLS_FILE
from seedbed.kernel.errors import InputError
from seedbed.pipeline.recipe import Recipe
from seedbed.runs.v1.candidate_pb2 import Augmentation, Part
from tests.dataset.leaves import (
    BIRDS,
    DOCUMENTS,
    HAIKU,
    HANOK,
    RUN,
    make_leaf,
    make_leaves,
    make_plan,
    make_source,
    message_of,
)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def rows_of(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().split("\n") if line]


def test_the_same_input_makes_the_same_bytes_anywhere(tmp_path):
    for name in ("one", "two"):
        leaves = make_leaves()
        write_dataset(tmp_path / name / "out", make_plan(leaves), leaves)
    assert bytes_of(tmp_path / "one" / "out") == bytes_of(tmp_path / "two" / "out")
    assert set(bytes_of(tmp_path / "one" / "out")) == set(FILES) - {PASSAGES_FILE}


def test_a_run_that_keeps_its_passages_has_them_as_text(tmp_path):
    leaves = make_leaves()
    for leaf in leaves:
        for place, chunk in enumerate(DOCUMENTS.get(leaf.part.path, ())):
            source = make_source(leaf.part.path, place)
            source.chunk_start = 500 - place
            one = Augmentation(id=f"{place}", path=leaf.part.path, source=source)
            message_of(leaf).augmentations.append(one)
            assert source.chunk == chunk
    plan = make_plan(leaves, recipe=Recipe(passages=True))
    manifest = write_dataset(tmp_path / "out", plan, leaves)
    assert manifest.recipe["passages"] is True
    assert set(bytes_of(tmp_path / "out")) == set(FILES)
    found = rows_of(tmp_path / "out" / PASSAGES_FILE)
    assert {file.name: file.rows for file in manifest.files}[PASSAGES_FILE] == len(found)
    # In the order of the document, leaf after leaf.
    assert [row["text"] for row in found] == [*DOCUMENTS[HANOK][::-1], *DOCUMENTS[BIRDS][::-1]]
    assert len({row["id"] for row in found}) == len(found)
    about = json.loads(found[0]["metadata"])
    assert (about["leaf"], about["document"], about["headings"]) == (HANOK, "docs/text.md", ["One", "Two"])
    card = (tmp_path / "out" / CARD_FILE).read_text()
    assert "path: passages.jsonl" in card
    assert "as plain text" in card
    # Nothing else is other than without them.
    write_dataset(tmp_path / "plain", make_plan(make_leaves()), make_leaves())
    for name in (KNOWLEDGE_FILE, SKILLS_FILE):
        assert rows_of(tmp_path / "out" / name) == rows_of(tmp_path / "plain" / name)


def test_the_order_inside_a_part_does_not_matter(tmp_path):
    leaves = make_leaves()
    write_dataset(tmp_path / "one", make_plan(leaves), leaves)
    for leaf in leaves:
        turned = Part()
        turned.CopyFrom(message_of(leaf))
        del message_of(leaf).candidates[:], message_of(leaf).augmentations[:]
        message_of(leaf).candidates.extend(reversed(turned.candidates))
        message_of(leaf).augmentations.extend(reversed(turned.augmentations))
    write_dataset(tmp_path / "two", make_plan(leaves), leaves)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


def test_neither_run_nor_place_is_in_any_file(tmp_path):
    leaves = make_leaves()
    write_dataset(tmp_path / "out", make_plan(leaves), leaves)
    for data in bytes_of(tmp_path / "out").values():
        assert RUN.encode() not in data
        assert str(tmp_path).encode() not in data


def test_the_manifest_holds_inputs_and_counts_and_no_recall(tmp_path):
    leaves = make_leaves()
    plan = make_plan(leaves)
    manifest = write_dataset(tmp_path / "out", plan, leaves)
    assert manifest == verify_files(tmp_path / "out")
    assert manifest.taxonomy == plan.snapshot
    assert manifest.recipe == Recipe().model_dump(mode="json")
    assert [step.step for step in manifest.steps] == sorted(step.step for step in plan.steps)
    assert manifest.parts == {leaf.part.path: leaf.digest for leaf in leaves}
    assert not manifest.partial
    assert manifest.counts.candidates.model_dump() == {
        "accepted": 32,
        "rejected": 8,
        "duplicate": 4,
        "unneeded": 4,
    }
    assert manifest.counts.items.model_dump() == {"done": 36, "malformed": 4, "failed": 8}
    assert [(step.step, step.done) for step in manifest.counts.steps] == [
        ("judge.grounded", 16),
        ("knowledge.generate", 20),
    ]
    knowledge = next(leaf for leaf in manifest.leaves if leaf.path == BIRDS)
    assert knowledge.forms == {"long": 4, "short": 4}
    assert b"recalled" not in (tmp_path / "out" / "manifest.json").read_bytes()


def test_a_recall_changes_no_byte(tmp_path):
    leaves = make_leaves()
    write_dataset(tmp_path / "one", make_plan(leaves), leaves)
    for leaf in leaves:
        leaf.counts.items_recalled = leaf.counts.steps[0].recalled = 5
        leaf.counts.usage.requests = 7
    write_dataset(tmp_path / "two", make_plan(leaves), leaves)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


def test_rows_are_counted_apart_and_add_up(tmp_path):
    leaves = make_leaves()
    manifest = write_dataset(tmp_path / "out", make_plan(leaves), leaves)
    rows = manifest.counts.rows
    knowledge = rows_of(tmp_path / "out" / "knowledge_train_msgs.jsonl")
    skills = rows_of(tmp_path / "out" / "skills_train_msgs.jsonl")
    assert len(knowledge) == rows.p07_qa + rows.p07_auxiliary == 16 + 4
    assert len(skills) == rows.p10_qa + rows.p10_raft + rows.p10_auxiliary + rows.skill == 16 + 16 + 4 + 16
    assert rows.raft_few == 8  # the leaf of one chunk
    metadata = [json.loads(row["metadata"]) for row in skills]
    assert sum(one.get("raft_golden", False) for one in metadata) == rows.raft_golden
    tables = {name: pq.read_table(tmp_path / "out" / f"{name}.parquet") for name in ("samples", "candidates")}
    assert {name: table.num_rows for name, table in tables.items()} == {"samples": 32, "candidates": 16}
    assert {file.name: file.rows for file in manifest.files} == {
        "knowledge_train_msgs.jsonl": 20,
        "skills_train_msgs.jsonl": 52,
        "samples.parquet": 32,
        "candidates.parquet": 16,
        "README.md": None,
    }
    assert {one["sample"] for one in metadata if "sample" in one} == set(tables["samples"]["id"].to_pylist())


def test_distractors_are_of_the_same_leaf(tmp_path):
    leaves = make_leaves()
    write_dataset(tmp_path / "out", make_plan(leaves), leaves)
    for row in rows_of(tmp_path / "out" / "skills_train_msgs.jsonl"):
        if "raft" in json.loads(row["metadata"]).get("dataset", ""):
            of_birds = json.loads(row["metadata"])["leaf"] == BIRDS
            assert ("한옥은" in row["messages"][1]["content"]) != of_birds


def test_text_of_any_script_stays_readable(tmp_path):
    leaf = make_leaf(HANOK)
    write_dataset(tmp_path / "out", make_plan([leaf]), [leaf])
    for name in ("knowledge_train_msgs.jsonl", "manifest.json", "README.md"):
        assert "한옥" in (tmp_path / "out" / name).read_text(encoding="utf-8")
    assert "🏠" in (tmp_path / "out" / "skills_train_msgs.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize("prompt", ["", "너는 친절하다."])
def test_the_recipe_gives_the_system_message(tmp_path, prompt):
    leaf = make_leaf(HANOK)
    write_dataset(tmp_path / "out", make_plan([leaf], recipe=Recipe(system_prompt=prompt)), [leaf])
    for row in rows_of(tmp_path / "out" / "skills_train_msgs.jsonl"):
        system = [message["content"] for message in row["messages"] if message["role"] == "system"]
        assert system == [prompt] * bool(prompt)


def test_leaves_without_samples_make_an_empty_dataset(tmp_path):
    leaf = make_leaf(BIRDS, 0, others=False, augmented=False)
    manifest = write_dataset(tmp_path / "out", make_plan([leaf]), [leaf])
    assert manifest.leaves[0].reason == "draws spent"
    assert (tmp_path / "out" / "knowledge_train_msgs.jsonl").read_bytes() == b""
    assert pq.read_table(tmp_path / "out" / "samples.parquet").num_rows == 0
    assert verify_files(tmp_path / "out") == manifest


def test_a_missing_leaf_makes_it_partial_or_is_refused(tmp_path):
    leaves = make_leaves()
    with pytest.raises(InconsistentPart, match=f"no part for 1 leaves of the plan, the first is {HANOK}"):
        write_dataset(tmp_path / "out", make_plan(leaves), leaves[:-2] + leaves[-1:])
    assert not any(tmp_path.iterdir())
    manifest = write_dataset(tmp_path / "out", make_plan(leaves), leaves[:-1], partial=True)
    assert manifest.partial
    assert manifest.missing == (leaves[-1].part.path,)
    assert read_manifest(tmp_path / "out").partial


def test_parts_out_of_order_twice_or_unplanned_are_refused(tmp_path):
    leaves = make_leaves()
    for given, said in (
        (leaves[::-1], "in order of leaf path"),
        ([leaves[0], leaves[0]], "in order of leaf path"),
    ):
        with pytest.raises(InconsistentPart, match=said):
            write_dataset(tmp_path / "out", make_plan(leaves), given)
    with pytest.raises(InconsistentPart, match="not in the plan"):
        write_dataset(tmp_path / "out", make_plan(leaves[1:]), leaves)


def test_counts_that_do_not_add_up_leave_the_old_dataset(tmp_path):
    leaves = make_leaves()
    write_dataset(tmp_path / "out", make_plan(leaves), leaves)
    before = bytes_of(tmp_path / "out")
    leaves[-1].counts.accepted -= 1
    with pytest.raises(InconsistentPart, match="8 candidates ended as accepted, but 7"):
        write_dataset(tmp_path / "out", make_plan(leaves), leaves)
    assert bytes_of(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_interrupted_write_leaves_the_old_dataset(tmp_path):
    leaves = make_leaves()
    write_dataset(tmp_path / "out", make_plan(leaves), leaves)
    before = bytes_of(tmp_path / "out")

    def interrupted():
        yield leaves[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path / "out", make_plan(leaves), interrupted())
    with DatasetWriter(tmp_path / "out", make_plan(leaves)) as writer:
        writer.add(leaves[0])  # and never finished
    assert bytes_of(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_new_dataset_replaces_the_old_one_whole(tmp_path):
    leaves = make_leaves()
    write_dataset(tmp_path / "out", make_plan(leaves), leaves)
    write_dataset(tmp_path / "out", make_plan(leaves[:1]), leaves[:1])
    assert [leaf.path for leaf in read_manifest(tmp_path / "out").leaves] == [leaves[0].part.path]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_recipe_of_another_version_is_named(tmp_path):
    plan = make_plan([])
    plan.recipe = '{"no_such_key": 1}'
    with pytest.raises(InputError, match="the plan's recipe cannot be read"):
        write_dataset(tmp_path / "out", plan, [])


def test_only_one_part_is_held_at_a_time(tmp_path):
    paths = [f"{HAIKU}/{number:02}" for number in range(6)]
    plan = make_plan([make_leaf(path) for path in paths])
    held: list[weakref.ref[LeafPart]] = []

    def stream():
        for path in paths:
            assert sum(one() is not None for one in held) <= 1
            leaf = make_leaf(path)
            contents = LeafPart(leaf.part, leaf.digest, leaf.counts, leaf.rounds, leaf.reason)
            held.append(weakref.ref(contents))
            del leaf
            yield contents
            del contents

    write_dataset(tmp_path / "out", plan, stream())
