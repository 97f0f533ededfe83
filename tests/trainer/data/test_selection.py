"""Which rows a phase trains on."""

import json
from dataclasses import replace

import pytest

from seedbed.dataset import read_manifest
from seedbed.trainer.data.dataset_rows import read_dataset
from seedbed.trainer.data.rows import Row, read_external
from seedbed.trainer.data.selection import Chosen, NothingSelected, choose_rows, rows_digest, sample
from seedbed.trainer.recipe import Phase
from seedbed.trainer.training import count_rows
from tests.dataset.leaves import BIRDS, HAIKU, HANOK, TABLES
from tests.trainer.students import RECIPE, recipe, write_rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_rows(tmp_path_factory.mktemp("rows") / "dataset")


@pytest.fixture(scope="module")
def rows(folder):
    return read_dataset(folder).rows


def phase(**more):
    values = {"name": "p", "learning_rate": 0.1, "batch_samples": 1, **more}
    return Phase.model_validate(values)


def chosen(rows, **more):
    return choose_rows(recipe(), phase(**more), rows, {})


def test_kinds_and_forms_are_told_apart(rows):
    short = [one.row for one in chosen(rows, data=[{"kinds": ["knowledge"], "answers": "short"}])]
    assert {(row.kind, row.form, row.use) for row in short} == {("knowledge", "short", "p07_qa")}
    assert {row.leaf for row in short} == {BIRDS, HANOK}
    long = [one.row for one in chosen(rows, data=[{"kinds": ["knowledge"], "answers": "long"}])]
    assert {row.use for row in long} == {"p07_qa", "p07_auxiliary"}
    skills = [one.row for one in chosen(rows, data=[{"kinds": ["compositional"]}])]
    assert {row.leaf for row in skills} == {HAIKU, TABLES}


@pytest.mark.parametrize(
    "use",
    [
        *("p07_qa", "p07_auxiliary", "p10_qa", "p10_raft", "p10_auxiliary", "closed_qa", "skill"),
        "retelling_text",
    ],
)
def test_the_manifest_says_beforehand_how_many_there_are(folder, rows, use):
    one = phase(data=[{"rows": [use]}])
    assert count_rows(one, read_manifest(folder).leaves) == len(choose_rows(recipe(), one, rows, {})) > 0


def test_of_passages_the_manifest_says_whether_there_are_any(folder, rows):
    leaves = read_manifest(folder).leaves
    one = phase(data=[{"rows": ["document_text"]}])
    known = sum(leaf.kind == "knowledge" for leaf in leaves)
    assert len(choose_rows(recipe(), one, rows, {})) > count_rows(one, leaves) == known
    skills = [leaf for leaf in leaves if leaf.kind != "knowledge"]
    assert count_rows(one, skills) == 0


@pytest.mark.parametrize("answers", ["short", "long", "any"])
def test_texts_have_no_answers_and_come_with_each_form_of_them(rows, answers):
    texts = ["document_text", "retelling_text"]
    data = {"kinds": ["knowledge"], "answers": answers, "rows": texts}
    found = [one.row for one in chosen(rows, data=[data])]
    assert found == [row for row in rows if row.use in texts]


def test_texts_are_mixed_with_questions_and_replayed_like_them(rows):
    first = {**RECIPE["phases"][0], "data": [{"rows": ["document_text", "closed_qa"]}]}
    whole = recipe(phases=[first, RECIPE["phases"][1]])
    found = choose_rows(whole, whole.phases[1], rows, {})
    replayed = {one.row.use for one in found if one.source == "kt1"}
    assert replayed == {"document_text", "closed_qa"}


def test_closed_questions_come_without_their_passage(rows):
    for one in chosen(rows, data=[{"kinds": ["knowledge"], "rows": ["closed_qa"]}]):
        assert [message["role"] for message in one.row.messages] == ["system", "user", "assistant"]
        assert "colony" not in one.row.messages[1]["content"]


def test_leaves_are_chosen_by_globs(rows):
    found = chosen(rows, data=[{"leaves": ["compositional_skills/writing/*"]}])
    assert {one.row.leaf for one in found} == {HAIKU}


def test_weights_repeat_and_shrink(rows):
    data = {"kinds": ["compositional"]}
    once = chosen(rows, data=[data])
    twice = chosen(rows, data=[{**data, "weight": 2.5}])
    assert len(twice) == 2.5 * len(once)
    half = chosen(rows, data=[{**data, "weight": 0.5}])
    ids = [one.row.id for one in half]
    assert len(ids) == len(set(ids)) == len(once) / 2


def test_shrinking_is_seeded_and_without_replacement(rows):
    few = sample(rows, 10, 1, "a")
    assert few == sample(rows, 10, 1, "a") == sorted(few, key=rows.index)
    assert len({id(row) for row in few}) == 10
    assert few != sample(rows, 10, 2, "a")
    assert few != sample(rows, 10, 1, "b")
    assert sample(rows, len(rows) + 5, 1, "a") == rows


def test_replay_takes_its_share_of_an_earlier_phase(rows):
    whole = recipe()
    found = choose_rows(whole, whole.phases[1], rows, {})
    replayed = [one for one in found if one.source == "kt1"]
    assert len(replayed) == len(choose_rows(whole, whole.phases[0], rows, {})) / 2
    assert {one.row.kind for one in replayed} == {"knowledge"}


def test_a_phase_without_rows_is_refused(rows):
    with pytest.raises(NothingSelected, match="selects nothing"):
        chosen(rows, data=[{"kinds": ["foundational"]}])


def test_rows_from_elsewhere_are_mixed_in(rows, tmp_path):
    record = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
    (tmp_path / "more.jsonl").write_text("\n".join(json.dumps({**record, "id": str(n)}) for n in range(9)))
    external = {"more.jsonl": read_external(tmp_path / "more.jsonl", "more.jsonl").rows}
    mixed = phase(external=[{"path": "more.jsonl", "samples": 4}])
    found = choose_rows(recipe(), mixed, rows, external)
    assert [one.source for one in found] == ["more.jsonl"] * 4


def test_malformed_rows_are_left_out_and_named(tmp_path):
    good = {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}
    bad = [
        "{",
        "[]",
        "{}",
        '{"messages": []}',
        '{"messages": [{"role": "user"}]}',
        '{"messages": [{"role": "king", "content": "x"}]}',
        '{"messages": [{"role": "user", "content": "x"}]}',
        json.dumps({**good, "unmask": "yes"}),
        "\xff",
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join([json.dumps(good), *bad, ""]), encoding="latin-1")
    found = read_external(tmp_path / "rows.jsonl", "rows.jsonl")
    assert len(found.rows) == 1
    assert [line.partition(": ")[0] for line in found.malformed] == [f"rows.jsonl:{n}" for n in range(2, 11)]


def test_the_digest_of_rows_is_that_of_what_is_learnt(rows):
    whole = recipe()
    found = choose_rows(whole, whole.phases[0], rows, {})
    assert rows_digest(found) == rows_digest(list(found))
    assert rows_digest(found) != rows_digest(found[1:])


def test_the_digest_of_texts_is_that_of_their_words(rows):
    one = next(row for row in rows if row.text)
    digest = rows_digest([Chosen(one)])
    assert digest == rows_digest([Chosen(replace(one, id="other"))])
    assert digest != rows_digest([Chosen(replace(one, text=f"{one.text}."))])
    assert digest != rows_digest([Chosen(replace(one, text=""))])


def test_conversations_have_the_digest_that_they_had_before_there_were_texts():
    talk = ({"role": "user", "content": "seeds"}, {"role": "assistant", "content": "grow"})
    found = rows_digest([Chosen(Row("1", talk, unmask=True, leaf="a"), "kt1")])
    assert found == "28cb7cf67615d4051cfc5814bedafd20104ebd001e435606c515da9db74e9f23"
