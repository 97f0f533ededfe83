from seedbed.taxonomy.lint.positions import read_yaml
from seedbed.taxonomy.lint.rules import check_attribution, check_clashes, check_folders, check_rules
from tests.taxonomy.gardens import NOTES, dump, knowledge, skill


def said(data, branch="compositional_skills"):
    found = check_rules(read_yaml(dump(data).encode(), "f"), branch, "f")
    return [(f.rule, f.severity, f.message) for f in found]


def test_sound_leaves_break_no_rule():
    assert said(skill()) == said(skill(context=True)) == said(knowledge(), "knowledge") == []


def test_contexts_are_for_all_examples_or_none():
    data = skill(context=True)
    del data["seed_examples"][3]["context"]
    ((rule, severity, message),) = said(data)
    assert (rule, severity) == ("mixed-context", 2)
    assert message.startswith("1 of 5 seed examples have no `context`")


def test_grounded_skills_have_a_subtree_of_their_own():
    def rules(data, path):
        found = check_rules(read_yaml(dump(data).encode(), path), "compositional_skills", path)
        return [(f.rule, f.severity) for f in found]

    inside, outside = "compositional_skills/grounded/a/qna.yaml", "compositional_skills/a/qna.yaml"
    assert rules(skill(), outside) == rules(skill(context=True), inside) == []
    assert rules(skill(), inside) == rules(skill(context=True), outside) == [("subtree", 1)]


def test_escapes_bring_no_control_characters():
    text = dump(skill()).replace("It is 4.", '"It is \\0 4."').replace("Adds.", '"Adds \\a."')
    found = check_rules(read_yaml(text.encode(), "f"), "compositional_skills", "f")
    assert [(f.line, f.rule) for f in found] == [(3, "control-character"), (10, "control-character")]


def test_long_texts_are_warned_of():
    data = skill(context=True)
    data["seed_examples"][0] |= {"context": "w " * 501, "question": "w " * 251, "answer": "w " * 251}
    data["seed_examples"][1] |= {"context": "v " * 500, "question": "v " * 250, "answer": "v " * 250}
    assert [message for _, _, message in said(data)] == [
        "the context has 501 words; at most 500 are advised",
        "the question has 251 words; at most 250 are advised",
        "the answer has 251 words; at most 250 are advised",
    ]
    assert {severity for _, severity, _ in said(data)} == {1}


def test_long_skills_are_warned_of():
    data = skill(10)
    for seed in data["seed_examples"]:
        seed["answer"] = "w " * 240
    assert "the skill has 24" in said(data)[0][2]


def test_pairs_may_have_more_keys_which_are_not_read():
    data = knowledge()
    data["seed_examples"][0]["questions_and_answers"] = [{"question": "a", "answer": "b", "note": "c"}]
    assert said(data, "knowledge") == [("unused-key", 1, "`note` is not read")]


def test_patterns_stay_inside():
    found = said(knowledge({"patterns": ["a.md", "../b.md", "/c.md"]}), "knowledge")
    assert [(rule, severity) for rule, severity, _ in found] == [("pattern", 2), ("pattern", 2)]


def test_a_repository_needs_a_commit():
    data = knowledge({"repo": "https://example.org/x", "patterns": ["*"]})
    assert said(data, "knowledge") == [("missing-key", 2, "a document in a repository needs its `commit`")]
    assert said(knowledge({"repo": ".", "patterns": ["*"]}), "knowledge") == []
    assert said(knowledge({"commit": "abc", "patterns": ["*"]}), "knowledge")[0][0] == "unused-key"


def test_attribution_is_asked_for_since_version_2():
    def rules(text, version):
        return [f.message for f in check_attribution(text, version, "f")]

    assert rules(None, 1) == []
    assert rules(None, 2) == ["attribution.txt is missing beside this file"]
    assert rules(" \n", 3) == ["attribution.txt is empty beside this file"]
    assert rules(NOTES, 3) == []
    assert rules("Title of work: x\n", 3) == [
        "attribution.txt does not say: link to work, license of the work, creator names"
    ]


def test_folders_are_lower_case_with_underscores():
    assert not list(check_folders("knowledge/black_birds/새/v2", "f"))
    (broken, _) = check_folders("knowledge/\udcff", "f")
    assert broken.severity == 2
    names = ["Birds", "my birds", "my-birds"]
    for name in names:
        (found,) = check_folders(f"knowledge/{name}", "f")
        assert f"`{name}`" in found.message


def test_paths_that_differ_by_case_are_one_leaf_elsewhere():
    assert not list(check_clashes(["knowledge/a/qna.yaml", "knowledge/b/qna.yaml"]))
    (found,) = check_clashes(["knowledge/Birds/qna.yaml", "knowledge/birds/qna.yaml"])
    assert (found.file, found.rule) == ("knowledge/birds/qna.yaml", "duplicate-leaf")
    assert len(list(check_clashes(["knowledge/caf\u00e9/qna.yaml", "knowledge/cafe\u0301/qna.yaml"]))) == 1
