from seedbed.taxonomy.leaf import build_leaf, build_snapshot, content_digest, summarize
from seedbed.taxonomy.lint.check import read_leaves
from seedbed.taxonomy.trees.folder import FolderTree
from seedbed.taxonomy.trees.tree import BRANCHES
from seedbed.taxonomy.v1.leaf_pb2 import Document, Snapshot
from tests.taxonomy.gardens import dump, garden, knowledge, plant, skill


def leaf_of(tmp_path, data, path="compositional_skills/sums", documents=()):
    file = f"{path}/qna.yaml"
    plant(tmp_path, {file: data})
    (read,) = read_leaves(FolderTree(tmp_path, BRANCHES), [file])
    return build_leaf(read, list(documents))


def test_skills_have_one_pair_a_seed(tmp_path):
    leaf = leaf_of(tmp_path, skill(context=True))
    assert (leaf.kind, leaf.branch, leaf.version) == ("grounded_skill", "compositional_skills", 3)
    assert [len(seed.pairs) for seed in leaf.seeds] == [1] * 5
    assert leaf.seeds[2].context == "Box 2 holds 2 nails."
    assert leaf.seeds[2].pairs[0].answer == "It is 4."
    assert leaf_of(tmp_path, skill(2, version=1)).kind == "freeform_skill"
    assert leaf_of(tmp_path, skill(2, version=1)).version == 1


def test_knowledge_has_a_context_with_its_pairs(tmp_path):
    document = Document(path="a.md", blob="0" * 64)
    leaf = leaf_of(tmp_path, knowledge(), "knowledge/birds", [document])
    assert (leaf.kind, leaf.domain, leaf.document_outline) == ("knowledge", "birds", "Birds.")
    assert [len(seed.pairs) for seed in leaf.seeds] == [3] * 5
    assert leaf.documents[0].path == "a.md"
    assert summarize(leaf, "c").documents == 1


def test_the_digest_is_of_the_content_and_not_of_its_style(tmp_path):
    plain = leaf_of(tmp_path, skill())
    again = leaf_of(tmp_path, "# a comment\n" + dump(dict(reversed(skill().items()))))
    block = leaf_of(
        tmp_path, dump(skill()).replace("task_description: Adds.", "task_description: |\n  Adds.\n")
    )
    assert plain.digest == again.digest == block.digest
    assert len(plain.digest) == 64
    assert leaf_of(tmp_path, skill(6)).digest != plain.digest
    moved = leaf_of(tmp_path, skill(), "compositional_skills/other")
    assert moved.digest != plain.digest
    assert content_digest(moved) == content_digest(plain)


def test_a_snapshot_is_the_same_in_any_order(tmp_path):
    garden(tmp_path)
    leaves = [leaf_of(tmp_path, skill()), leaf_of(tmp_path, skill(6), "compositional_skills/a")]
    digest, data = build_snapshot(leaves)
    assert build_snapshot(leaves[::-1]) == (digest, data)
    assert [leaf.path for leaf in Snapshot.FromString(data).leaves] == [
        "compositional_skills/a",
        "compositional_skills/sums",
    ]
