import pytest

from seedbed.taxonomy.lint.positions import read_yaml
from seedbed.taxonomy.lint.schema import check_schema
from tests.taxonomy.gardens import dump, knowledge, skill


def said(data, branch="compositional_skills") -> list[str]:
    text = data if isinstance(data, str) else dump(data)
    return [f"{f.rule}: {f.message}" for f in check_schema(read_yaml(text.encode(), "f"), branch, "f")]


@pytest.mark.parametrize("version", [1, 2, 3])
def test_sound_skills_of_every_version(version):
    assert said(skill(version=version)) == []
    assert said(skill(version=version, context=True)) == []
    assert said(skill(version=version), "foundational_skills") == []


def test_version_1_asks_less():
    assert said(skill(1, version=1, task_description="")) == []
    assert said(skill(1, version=1) | {"version": 1}) == []
    twice = skill(2, version=1)
    twice["seed_examples"][1] = twice["seed_examples"][0]
    assert said(twice) == []


@pytest.mark.parametrize("version", [2, 3])
def test_versions_2_and_3_ask_for_five_different_examples(version):
    assert said(skill(3, version=version)) == ["too-few: the leaf has 3 seed examples, needs at least 5"]
    assert said(skill(version=version, task_description="")) == ["empty-text: task_description is empty"]
    twice = skill(version=version)
    twice["seed_examples"][4] = twice["seed_examples"][1]
    assert said(twice) == ["twice: seed_examples[5] says the same as seed_examples[2]"]


def test_version_1_needs_one_example():
    assert said(skill(0, version=1)) == ["too-few: the leaf has 0 seed examples, needs at least 1"]


@pytest.mark.parametrize("key", ["created_by", "task_description", "seed_examples"])
def test_skills_need_their_keys(key):
    data = skill()
    del data[key]
    assert said(data) == [f"missing-key: the file misses `{key}`"]


def test_examples_need_question_and_answer():
    data = skill()
    del data["seed_examples"][2]["answer"]
    data["seed_examples"][3]["question"] = " \n"
    assert said(data) == [
        "missing-key: seed_examples[3] misses `answer`",
        "empty-text: seed_examples[4].question is empty",
    ]


def test_unknown_keys_are_refused_with_a_guess():
    (found,) = said(skill(seed_exmples=[]))
    assert found == "unknown-key: unknown key `seed_exmples`: is `seed_examples` meant?"
    (found,) = said(skill(domain="x"))
    assert found.startswith("unknown-key: unknown key `domain`; there may be created_by")


@pytest.mark.parametrize(
    ("written", "kind"),
    [("NO", "a boolean"), ("42", "a number"), ("1.5", "a number"), ("2024-05-01", "a date")],
)
def test_values_that_yaml_takes_for_something_else_need_quotes(written, kind):
    text = dump(skill()).replace("It is 2.", written)
    (found,) = said(text)
    assert found.startswith("wrong-type: seed_examples[2].answer must be text")
    assert f"`{written}` is read as {kind}" in found
    assert found.endswith(f'put it in quotes, "{written}"')


def test_wrong_types():
    assert said(skill(seed_examples="none")) == ["wrong-type: seed_examples must be a list, not text"]
    assert said(skill(created_by=["us"])) == ["wrong-type: created_by must be text, not a list"]
    assert said(skill(created_by=None)) == ["wrong-type: created_by is empty"]
    assert said(skill(seed_examples=None)) == ["wrong-type: seed_examples must be a list, not empty"]
    assert said(skill(5, seed_examples=["a", "b", "c", "d", "e"]))[0] == (
        "wrong-type: seed_examples[1] must be `key: value` pairs, not text"
    )


@pytest.mark.parametrize("text", ["- a\n", "text\n", "5\n"])
def test_the_top_must_be_a_mapping(text):
    assert said(text) == ["not-a-mapping: the file must be `key: value` pairs"]


@pytest.mark.parametrize("version", ["4", "0", "x", "true", "3.5", "", "[3]"])
def test_versions_that_are_none(version):
    text = dump(skill()).replace("version: 3", f"version: {version}")
    assert [found.partition(":")[0] for found in said(text)] == ["version"]


def test_a_version_in_quotes():
    assert "without quotes" in said(skill() | {"version": "3"})[0]


def test_sound_knowledge():
    assert said(knowledge(), "knowledge") == []
    document = {"repo": "https://example.org/x", "commit": "0" * 40, "patterns": ["*.md"]}
    assert said(knowledge(document), "knowledge") == []


@pytest.mark.parametrize("version", [1, 2])
def test_old_knowledge_needs_version_3(version):
    document = {"repo": "https://example.org/x", "commit": "0" * 40, "patterns": ["*.md"]}
    data = skill(version=version, domain="x", document=document)
    data["version"] = version
    assert said(data, "knowledge") == [
        f"knowledge-version: knowledge needs version 3; version {version} is no longer read"
    ]
    del data["version"]
    assert said(data, "knowledge") == [
        "knowledge-version: knowledge needs version 3; a file without one counts as version 1, no longer read"
    ]


@pytest.mark.parametrize("key", ["created_by", "domain", "seed_examples", "document_outline", "document"])
def test_knowledge_needs_its_keys(key):
    data = knowledge()
    del data[key]
    assert said(data, "knowledge") == [f"missing-key: the file misses `{key}`"]


def test_knowledge_may_not_have_a_task():
    assert said(knowledge(task_description="x"), "knowledge")[0].startswith("unknown-key")


def test_knowledge_needs_five_contexts_with_three_pairs():
    data = knowledge()
    seeds = data["seed_examples"][:4]
    seeds[1]["questions_and_answers"] = seeds[1]["questions_and_answers"][:2]
    assert said(knowledge(seed_examples=seeds), "knowledge") == [
        "too-few: seed_examples[2] has 2 question-and-answer pairs, needs at least 3",
        "too-few: the leaf has 4 seed examples, needs at least 5",
    ]


def test_patterns_are_needed_and_different():
    assert said(knowledge({"patterns": []}), "knowledge") == [
        "too-few: document has 0 patterns, needs at least 1"
    ]
    assert said(knowledge({"patterns": ["a", "a"]}), "knowledge")[0].startswith("twice: document.patterns[2]")
    assert said(knowledge({"patterns": "*.md"}), "knowledge") == [
        "wrong-type: document.patterns must be a list, not text"
    ]
