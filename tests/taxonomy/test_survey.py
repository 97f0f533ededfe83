from seedbed.taxonomy.facade import read
from tests.taxonomy.gardens import CHICKADEE, NOTES, garden, knowledge, plant, skill


def test_a_sound_garden(tmp_path, cache):
    found = read(str(garden(tmp_path / "tree")), cache=cache)
    assert (found.files, list(found.findings)) == (3, [])
    assert [leaf.kind for leaf in found.leaves] == ["freeform_skill", "freeform_skill", "knowledge"]
    assert [each.document.path for each in found.found] == ["birds.md"]
    assert found.commits == {}


def test_one_leaf_in_two_places_is_refused(tmp_path, cache):
    root = plant(
        garden(tmp_path / "tree"),
        {
            "compositional_skills/again/qna.yaml": skill(),
            "compositional_skills/again/attribution.txt": NOTES,
            "knowledge/twin/qna.yaml": knowledge(),
            "knowledge/twin/birds.md": CHICKADEE,
            "knowledge/twin/attribution.txt": NOTES,
        },
    )
    found = [(f.file, f.rule, f.severity) for f in read(str(root), cache=cache).findings]
    assert found == [
        ("compositional_skills/sums/qna.yaml", "duplicate-leaf", 2),
        ("knowledge/twin/qna.yaml", "duplicate-leaf", 2),
    ]


def test_the_same_seeds_on_other_documents_are_another_leaf(tmp_path, cache):
    root = plant(
        garden(tmp_path / "tree"),
        {
            "knowledge/twin/qna.yaml": knowledge(),
            "knowledge/twin/birds.md": "Another text.\n",
            "knowledge/twin/attribution.txt": NOTES,
        },
    )
    assert read(str(root), cache=cache).findings == []


def test_case_variants_are_refused(tmp_path, cache):
    root = plant(garden(tmp_path / "tree"), {"compositional_skills/Sums/qna.yaml": skill(6)})
    assert "duplicate-leaf" in [f.rule for f in read(str(root), cache=cache).findings]


def test_without_documents_none_is_looked_at(tmp_path, cache):
    gone = {"repo": "https://127.0.0.1:1/x", "commit": "1" * 40, "patterns": ["a.md"]}
    root = plant(garden(tmp_path / "tree"), {"knowledge/science/birds/qna.yaml": knowledge(gone)})
    found = read(str(root), documents=False, cache=cache)
    assert found.findings == []
    assert len(found.leaves) == 3
