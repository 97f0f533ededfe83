"""The taxonomy that comes with the project: sound by its own linter, and its seeds rest on its documents."""

from pathlib import Path

import pytest
import yaml

from seedbed.rehearsal.rules.verdicts import ground_answer
from seedbed.taxonomy.git.mirrors import Mirrors
from seedbed.taxonomy.lint.contexts import read_plain
from seedbed.taxonomy.sources import open_source
from seedbed.taxonomy.survey import Survey, survey

ROOT = Path(__file__).resolve().parent.parent / "taxonomy"
LEAVES = sorted(ROOT.rglob("qna.yaml"))
KNOWLEDGE = [leaf for leaf in LEAVES if "knowledge" in leaf.relative_to(ROOT).parts]
HANGUL = range(0xAC00, 0xD7A4)


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    mirrors = Mirrors(tmp_path_factory.mktemp("mirrors"))
    return survey(open_source(str(ROOT), mirrors), mirrors, read_document=read_plain)


def test_the_linter_finds_neither_errors_nor_warnings(surveyed):
    assert (list(surveyed.findings), surveyed.notes) == ([], [])
    assert surveyed.files == len(surveyed.leaves) == len(LEAVES)


def test_every_kind_of_leaf_is_there(surveyed):
    kinds = [(leaf.branch, leaf.kind) for leaf in surveyed.leaves]
    assert kinds.count(("knowledge", "knowledge")) >= 2
    assert ("compositional_skills", "grounded_skill") in kinds
    assert ("compositional_skills", "freeform_skill") in kinds
    assert ("foundational_skills", "freeform_skill") in kinds


def test_a_knowledge_leaf_and_a_skill_are_korean(surveyed):
    korean = [leaf.kind for leaf in surveyed.leaves if ord(leaf.seeds[0].pairs[0].answer[0]) in HANGUL]
    assert {"knowledge", "freeform_skill"} <= set(korean)


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.parent.name)
def test_attribution_says_whose_it_is(leaf):
    assert "CC-BY-4.0" in (leaf.parent / "attribution.txt").read_text("utf-8")


@pytest.mark.parametrize("leaf", KNOWLEDGE, ids=lambda leaf: leaf.parent.name)
def test_contexts_stand_in_the_documents(leaf):
    for context, _ in _seeds(leaf):
        assert context in _documents(leaf)


@pytest.mark.parametrize("leaf", KNOWLEDGE, ids=lambda leaf: leaf.parent.name)
def test_there_are_five_contexts_with_three_pairs(leaf):
    assert len(_seeds(leaf)) == 5
    assert all(len(pairs) == 3 for _, pairs in _seeds(leaf))


def test_english_seed_answers_are_grounded_in_their_contexts():
    leaf = next(leaf for leaf in KNOWLEDGE if leaf.parent.name == "seed_germination")
    for context, pairs in _seeds(leaf):
        for pair in pairs:
            assert not ground_answer(context, pair["answer"], pair["question"]).lack, pair["answer"]


def _seeds(leaf):
    data = yaml.safe_load(leaf.read_text("utf-8"))
    return [(_folded(seed["context"]), seed["questions_and_answers"]) for seed in data["seed_examples"]]


def _documents(leaf):
    return _folded("\n".join(path.read_text("utf-8") for path in sorted(leaf.parent.glob("*.md"))))


def _folded(text):
    return " ".join(text.split())
